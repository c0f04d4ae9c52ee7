"""`conformance new-backend NAME`: the files of a backend package that runs, to be changed step by step."""

from __future__ import annotations

import argparse
import re
from importlib import resources
from pathlib import Path
from typing import Any

from unison_conformance.errors import UsageError

__all__ = ["add", "run"]

_PATHS = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "package.py.in": "unison_{{name}}/__init__.py",
    "backend.py.in": "unison_{{name}}/backend.py",
    "conformance.toml.in": "unison_{{name}}/conformance.toml",
}
"""Template -> where it goes."""

_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("new-backend", help="write the files of a new backend package")
    parser.add_argument("name", metavar="NAME", help="of the device: what users write in `device=`")
    parser.add_argument(
        "--into", default=".", metavar="FOLDER", help="where to put unison-NAME (default: here)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the package and say what to do next.

    Raises:
        UsageError: the name is no device's name, or is taken, or the folder is there already.
    """
    name = options.name
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a device: 2 to 31 small letters, digits and _, a letter first{_tidied(name)}"
        )
    import unison

    if name in {r.name for r in unison.backends()}:
        raise UsageError(f"a backend named {name!r} is installed already: choose another name")
    target = Path(options.into) / f"unison-{name.replace('_', '-')}"
    if target.exists():
        raise UsageError(f"{target} is there already: remove it, or write elsewhere with --into FOLDER")
    words = {"{{name}}": name, "{{class}}": "".join(w.capitalize() for w in name.split("_"))}
    for path, text in _files(words).items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file}")
    print(
        f"next:\n  pip install -e '{target}[test]'\n  conformance doctor\n"
        f"  conformance run --device {name} --level 1\n  pytest --pyargs unison_conformance --device {name}\n"
        f"then replace NumPy in {target}/unison_{name}/backend.py by your device's library, kernel by kernel"
    )
    return 0


def _tidied(name: str) -> str:
    tidy = re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")
    return f"; {tidy} would do" if _NAME.fullmatch(tidy) else ""


def _files(words: dict[str, str]) -> dict[str, str]:
    """Path -> text, from the templates of this package."""
    root, out = resources.files("unison_conformance") / "template", {}
    for template, path in _PATHS.items():
        text = (root / template).read_text(encoding="utf-8")
        out[_filled(path, words)] = _filled(text, words)
    return out


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
