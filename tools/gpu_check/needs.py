"""What must be on the machine, what is missing, and how it is carried there where no network is."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from tools.gpu_check.source import WORK, project

__all__ = ["CARRIED", "PLATFORMS", "carry", "complaint", "missing", "requirements", "unpacked"]

CARRIED = (
    *("execnet", "hypothesis", "iniconfig", "ml_dtypes", "mpmath", "packaging", "pluggy", "pygments"),
    *("pytest", "pytest-xdist", "python-flint", "safetensors", "sortedcontainers"),
)
"""Small packages, and what they need in turn; NumPy, CuPy and PyTorch belong to the machine."""

PLATFORMS = (
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)
"""Of the wheels that are carried: Linux on x86-64."""

# The oracle, by stage; the framework's own dependencies are needed by all.
_ORACLE = ("mpmath", "python-flint")
_BY_STAGE = {
    "tests": (*_ORACLE, "hypothesis", "pytest", "pytest-xdist"),
    "conformance": _ORACLE,
    "benchmarks": (),
}


def requirements(stages: Iterable[str]) -> dict[str, str]:
    """Distribution -> the least version that these stages take, as pyproject.toml has it."""
    told = project()["project"]
    extras = [line for extra in ("conformance", "test") for line in told["optional-dependencies"][extra]]
    least = dict(_parsed(line) for line in [*extras, *told["dependencies"]])
    names = [_parsed(line)[0] for line in told["dependencies"]]
    return {n: least[n] for n in [*names, *(n for stage in stages for n in _BY_STAGE[stage])]}


def _parsed(line: str) -> tuple[str, str]:
    found = re.match(r"([\w.-]+)(?:\[[^]]*\])?(?:>=([\d.]+))?", line)
    assert found
    return found[1], found[2] or "0"


def missing(wanted: dict[str, str], path: Sequence[Path] = ()) -> dict[str, str]:
    """Those of the requirements that are not installed, nor on the further path, or are too old: name -> why."""
    return {name: why for name, least in wanted.items() if (why := _trouble(name, least, path))}


def _trouble(name: str, least: str, path: Sequence[Path]) -> str:
    search = [*map(str, path), *sys.path]
    found = next(iter(metadata.distributions(name=name, path=search)), None)
    if found is None:
        return "not installed"
    return "" if _number(found.version) >= _number(least) else f"{found.version} is older than {least}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[a-z+]", version)[0]))


def unpacked(folder: Path | None) -> list[Path]:
    """The wheels of a folder whose packages are missing here or too old, unpacked: one folder each, for the path.

    What the machine has and is new enough stays its own.
    """
    least = {_plain(name): version for name, version in requirements(_BY_STAGE).items()}
    out = []
    for wheel in sorted(folder.glob("*.whl")) if folder else []:
        name = _plain(wheel.name.split("-")[0])
        if missing({name: least.get(name, "0")}):
            out.append(_extracted(wheel, WORK / "carried" / wheel.stem))
    return out


def _extracted(wheel: Path, target: Path) -> Path:
    if not target.is_dir():
        part = target.with_suffix(".part")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(part)
        part.rename(target)
    return target


def _plain(name: str) -> str:
    return name.replace("_", "-").lower()


def complaint(lacking: dict[str, str]) -> str:
    """What to do about missing packages."""
    lines = [f"  {name}: {why}" for name, why in lacking.items()]
    return "\n".join(
        [
            "gpu-check needs packages that are not here:",
            *lines,
            "With a network: python3 -m pip install " + " ".join(lacking),
            "Without: where a network is, run",
            f"  python3 -m tools.gpu_check --carry FOLDER {' '.join(n for n in lacking if n in CARRIED)}".rstrip(),
            "bring the folder here and add --carried FOLDER",
        ]
    )


def carry(folder: Path, names: Sequence[str], version: str) -> int:
    """Download wheels for a machine without a network: x86-64 Linux with that Python; prints their size."""
    folder.mkdir(parents=True, exist_ok=True)
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary=:all:", "--implementation", "cp", "--python-version", version, *platforms),
        *("--dest", str(folder), *(names or CARRIED)),
    ]
    code = subprocess.run(command, check=False).returncode
    if code:
        return code
    wheels = sorted(folder.glob("*.whl"))
    for wheel in wheels:
        print(f"{wheel.stat().st_size / 2**20:8.2f} MiB  {wheel.name}")
    print(
        f"{sum(w.stat().st_size for w in wheels) / 2**20:8.2f} MiB  in {folder}, to be given with --carried"
    )
    return 0
