"""Bad plugins: each is quarantined with its reason and the fix, and nothing else suffers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAD = "from unison_core.plugins import BackendManifest, hookimpl\n"
GOOD_BACKEND = "unison_meta.backend:MetaBackend"


def manifest(name: str, **settings: Any) -> str:
    given = {"name": name, "contract": 1, "load": GOOD_BACKEND, **settings}
    arguments = ", ".join(f"{k}={v if k == 'probe' else repr(v)}" for k, v in given.items())
    return f"@hookimpl\ndef unison_backend():\n    return BackendManifest({arguments})\n"


BROKEN_TABLE = """
from unison_meta.backend import MetaBackend as Base
class Broken(Base):
    def kernels(self):
        return {KERNELS}
"""

PLUGINS = {
    "raises": "raise OSError('libfoo.so is missing')",
    "exits": "import sys\nsys.exit(3)",
    "hangs": HEAD + "import time\ndef probe():\n    time.sleep(60)\n" + manifest("hangs", probe="probe"),
    "refuses": HEAD
    + "def probe():\n    raise RuntimeError('no driver')\n"
    + manifest("refuses", probe="probe", fix="install the driver"),
    "future": HEAD + manifest("future", contract=99),
    "alias": HEAD + manifest("other"),
    "hookless": HEAD,
    "misspelt": HEAD + "@hookimpl\ndef unison_backend(surprise):\n    return None\n",
    "nowhere": HEAD + manifest("nowhere", load="no_such_module:Backend"),
    "unknown_kernel": HEAD
    + BROKEN_TABLE.replace("KERNELS", "'tangent': lambda x: x")
    + manifest("unknown_kernel", load="plugin_unknown_kernel:Broken"),
    "wrong_kernel": HEAD
    + BROKEN_TABLE.replace("KERNELS", "'tan': lambda x, y: x")
    + manifest("wrong_kernel", load="plugin_wrong_kernel:Broken"),
    "fine": HEAD + manifest("fine"),
}

REASONS = {
    "raises": "OSError: libfoo.so is missing",
    "exits": "SystemExit: 3",
    "hangs": "TimeoutError: its probe did not answer within 0.2 s",
    "refuses": "RuntimeError: no driver",
    "future": "it was written for backend contract 99, this is 1",
    "alias": "it is announced as 'alias' but calls itself 'other'",
    "hookless": "its module has no unison_backend hook",
    "misspelt": "surprise",
    "nowhere": "No module named 'no_such_module'",
    "unknown_kernel": "no operator is named 'tangent'",
    "wrong_kernel": "takes 2 inputs",
}

ASK = """
import json, sys, time
start = time.monotonic()
import unison
names = [m for m in sys.modules if m.startswith("plugin_")]
told = {}
for name in NAMES:
    try:
        unison.ones(1, device=name)
        told[name] = "worked"
    except RuntimeError as error:
        told[name] = str(error)
from unison_core import plugins
records = [[r.name, r.origin, r.status, r.reason, r.fix] for r in plugins.backends()]
print(json.dumps({"imported": names, "told": told, "records": records, "sum": unison.ones(3).sum().item()}))
"""


def install(folder: Path, distribution: str, entries: dict[str, str]) -> None:
    """What a wheel leaves behind that announces backends: metadata and modules."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = [f"{name} = plugin_{name}" for name in entries]
    (info / "entry_points.txt").write_text("\n".join(["[unison.backends]", *lines, ""]))
    for name, code in entries.items():
        (folder / f"plugin_{name}.py").write_text(code)


def ask(folder: Path, names: list[str], **environment: str) -> dict[str, Any]:
    env = {**os.environ, "PYTHONPATH": str(folder), "UNISON_PROBE_TIMEOUT": "0.2", **environment}
    code = ASK.replace("NAMES", repr(names))
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("site")
    install(folder, "a-bag-of-plugins", PLUGINS)
    return ask(folder, list(PLUGINS))


def record(answer: dict[str, Any], name: str) -> list[str]:
    (found,) = [r for r in answer["records"] if r[0] == name]
    return list(found)


def test_import_touches_no_plugin(answer: dict[str, Any]) -> None:
    assert answer["imported"] == []


def test_good_backends_work_beside_bad_ones(answer: dict[str, Any]) -> None:
    assert answer["sum"] == 3.0
    assert answer["told"]["fine"] == "worked"
    assert [record(answer, name)[2] for name in ("cpu", "meta", "fine")] == ["loaded"] * 3


@pytest.mark.parametrize("name", REASONS)
def test_a_bad_plugin_is_quarantined_with_its_reason(answer: dict[str, Any], name: str) -> None:
    _, origin, status, reason, _ = record(answer, name)
    assert (origin, status) == ("a-bag-of-plugins", "quarantined")
    assert REASONS[name] in reason


@pytest.mark.parametrize("name", REASONS)
def test_asking_for_its_device_says_why(answer: dict[str, Any], name: str) -> None:
    text = answer["told"][name]
    assert f"backend {name!r} (from a-bag-of-plugins) cannot be used" in text
    assert REASONS[name] in text


def test_the_fix_is_told(answer: dict[str, Any]) -> None:
    assert answer["told"]["refuses"].endswith("To mend it: install the driver")
    assert "versions" in record(answer, "future")[4]


def test_a_clash_of_names_keeps_the_first_and_says_how_to_choose(tmp_path: Path) -> None:
    install(tmp_path, "zeta", {"twice": HEAD + manifest("twice")})
    install(tmp_path, "beta", {"twice": HEAD + manifest("twice")})
    answer = ask(tmp_path, ["twice"])
    assert answer["told"] == {"twice": "worked"}
    kept, lost = [r for r in answer["records"] if r[0] == "twice"]
    assert kept[1:3] == ["beta", "loaded"]
    assert lost[1:3] == ["zeta", "quarantined"]
    assert "taken by distribution 'beta'" in lost[3]
    assert "UNISON_BACKEND_TWICE=zeta" in lost[4]


def test_the_environment_chooses_between_two_of_one_name(tmp_path: Path) -> None:
    install(tmp_path, "zeta", {"twice": HEAD + manifest("twice")})
    install(tmp_path, "beta", {"twice": HEAD + manifest("twice")})
    answer = ask(tmp_path, ["twice"], UNISON_BACKEND_TWICE="zeta")
    kept, lost = [r for r in answer["records"] if r[0] == "twice"]
    assert (kept[1:3], lost[1:3]) == (["zeta", "loaded"], ["beta", "quarantined"])


@pytest.mark.parametrize("impostor", ["aa-impostor", "zz-impostor"])
@pytest.mark.parametrize("chosen", [False, True])
def test_the_name_of_the_host_is_reserved(tmp_path: Path, impostor: str, chosen: bool) -> None:
    install(tmp_path, impostor, {"cpu": HEAD + manifest("cpu")})
    answer = ask(tmp_path, ["cpu"], **({"UNISON_BACKEND_CPU": impostor} if chosen else {}))
    assert (answer["sum"], answer["told"]) == (3.0, {"cpu": "worked"})
    own, other = [r for r in answer["records"] if r[0] == "cpu"]
    assert own[1:3] == ["unison", "loaded"]
    assert other[1:3] == [impostor, "quarantined"]
    assert "reserved for the host's backend" in other[3]
    assert "another name" in other[4]
    assert "overlay" in other[4]


OVERLAY_HEAD = "from unison_core.plugins import Overlay, hookimpl\n"


def overlay(load: str, **settings: str) -> str:
    given = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"@hookimpl\ndef unison_kernels():\n    return Overlay(backend='cpu', load={load!r}, {given})\n"


OVERLAYS = {
    "good": OVERLAY_HEAD + overlay("plugin_good:KERNELS") + "KERNELS = {'tan': lambda x: NotImplemented}\n",
    "needy": OVERLAY_HEAD
    + "def probe():\n    import no_such_library\n"
    + overlay("plugin_needy:KERNELS", probe="probe", fix="'install the extra'"),
    "wrong": OVERLAY_HEAD + overlay("plugin_wrong:KERNELS") + "KERNELS = {'tan': lambda x, y: x}\n",
    "empty": OVERLAY_HEAD,
    "broken": "import no_such_library\n",
}

ASK_OVERLAYS = """
import json
import unison
from unison_core import plugins
before = [r.status for r in plugins.overlays()]
tan = unison.ones(1).tan().item()
records = {r.name: [r.status, r.reason, r.fix] for r in plugins.overlays()}
(cpu,) = [r for r in plugins.backends() if r.name == "cpu"]
text = str(unison.explain("tan", "cpu"))
print(json.dumps({"before": before, "tan": tan, "records": records, "cpu": [cpu.status, cpu.reason], "text": text}))
"""


def test_a_bad_overlay_is_quarantined_and_its_backend_goes_on(tmp_path: Path) -> None:
    install(tmp_path, "a-bag-of-overlays", {})
    entries = tmp_path / "a_bag_of_overlays-1.0.dist-info" / "entry_points.txt"
    entries.write_text(
        "\n".join(["[unison.overlays]", *(f"{name} = plugin_{name}" for name in OVERLAYS), ""])
    )
    for name, code in OVERLAYS.items():
        (tmp_path / f"plugin_{name}.py").write_text(code)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ASK_OVERLAYS],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    answer = json.loads(done.stdout)
    assert set(answer["before"]) == {"found"}
    assert (answer["tan"], answer["cpu"]) == (pytest.approx(1.5574077, rel=1e-6), ["loaded", ""])
    assert "overlay good of a-bag-of-overlays" in answer["text"]
    records = answer["records"]
    assert records["good"] == ["loaded", "", ""]
    assert records["needy"] == [
        "quarantined",
        "ModuleNotFoundError: No module named 'no_such_library'",
        "install the extra",
    ]
    assert {records[name][0] for name in ("wrong", "empty", "broken")} == {"quarantined"}
    assert "takes 2 inputs" in records["wrong"][1]
    assert "no unison_kernels hook" in records["empty"][1]
    assert "no_such_library" in records["broken"][1]
