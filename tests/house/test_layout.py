"""The house is built as pyproject.toml and docs/design say."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
SOURCES = sorted(
    path.parent.relative_to(ROOT)
    for pattern in ("core/*", "backends/*/*", "frontend/*", "conformance/*")
    for path in ROOT.glob(f"{pattern}/__init__.py")
)


def test_every_package_is_built_and_on_the_path_of_an_editable_install():
    assert sorted(map(Path, WHEEL["packages"])) == SOURCES
    assert sorted(map(Path, WHEEL["dev-mode-dirs"])) == sorted({path.parent for path in SOURCES})


def test_every_package_stands_under_the_import_contracts():
    assert sorted(PROJECT["tool"]["importlinter"]["root_packages"]) == sorted(path.name for path in SOURCES)


PLUGINS = {
    name: module
    for group in ("unison.backends", "unison.overlays")
    for name, module in PROJECT["project"]["entry-points"][group].items()
}


@pytest.mark.parametrize("name", PLUGINS)
def test_entry_point_names_a_module_of_this_distribution(name):
    module = Path(*PLUGINS[name].split("."))
    roots = [ROOT / folder for folder in WHEEL["dev-mode-dirs"]]
    assert any(
        (root / module / "__init__.py").is_file() or (root / f"{module}.py").is_file() for root in roots
    )


# Where PyTorch's own interface or file format speaks of one device by name.
DEVICE_NAMED = {
    "frontend/unison/_methods/queries.py": "`is_cpu`, `is_cuda`, `is_meta` are questions by name",
    "frontend/unison/nn/modules/parameter_container.py": "the printed form leaves the host out",
    "frontend/unison/nn/utils/rnn.py": "lengths of a PackedSequence are on the host; `is_cuda` is a question by name",
    "frontend/unison/printing.py": "PyTorch prints meta without numbers",
    "frontend/unison/serialization/_copying.py": "a checkpoint has no bytes for meta",
    "frontend/unison/serialization/_pickler.py": "a checkpoint has no bytes for meta",
}


def test_frontend_asks_for_no_device_by_name():
    pattern = re.compile(r"""device(\.type)?\s*[!=]=\s*["']""")
    offences = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "frontend").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert {offence.partition(":")[0] for offence in offences} == DEVICE_NAMED.keys(), "\n".join(offences)


def test_backends_hold_no_gradient_rules():
    pattern = re.compile(r"\bdef \w+_(vjp|jvp)\b|\.vjp\b|\.jvp\b")
    offences = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "backends").rglob("*.py"))
        if pattern.search(path.read_text())
    ]
    assert not offences


def test_no_core_file_names_a_backend_package():
    names = [path.name for path in SOURCES if path.parts[0] == "backends"]
    offences = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "core").rglob("*.py"))
        if any(name in path.read_text() for name in names)
    ]
    assert not offences
