"""The committed lists of operators that must not regress: `carried.txt` and `complete.txt`."""

from collections.abc import Iterable
from pathlib import Path

from tests.parity.harness.measure import Measurement

__all__ = ["FOLDER", "LISTS", "lost", "read", "write"]

FOLDER = Path(__file__).resolve().parent.parent / "ops"
LISTS = ("carried", "complete")


def read(name: str, folder: Path = FOLDER) -> list[str]:
    """The operators of one list, in the order of its file; none if the file does not exist."""
    path = folder / f"{name}.txt"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def lost(name: str, measurements: Iterable[Measurement], folder: Path = FOLDER) -> list[str]:
    """Listed operators that were measured and no longer belong to the list."""
    fallen = {m.name for m in measurements if not _belongs(m, name)}
    return [operator for operator in read(name, folder) if operator in fallen]


def write(name: str, measurements: Iterable[Measurement], folder: Path = FOLDER) -> int:
    """Bring one list up to date with measurements; operators not measured stay. Returns its length."""
    measurements = list(measurements)
    kept = set(read(name, folder)) - {m.name for m in measurements}
    names = sorted(kept | {m.name for m in measurements if _belongs(m, name)})
    (folder / f"{name}.txt").write_text("".join(f"{n}\n" for n in names), encoding="utf-8")
    return len(names)


def _belongs(measurement: Measurement, name: str) -> bool:
    return measurement.complete if name == "complete" else measurement.status == "carried"
