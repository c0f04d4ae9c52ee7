"""The committed lists: `carried.txt` and `complete.txt` of operators that must not regress, and `partial.txt` of those
that fall short, with the reason of the first sample that fails.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.parity.harness.measure import Measurement
from tests.parity.harness.plan import CARRIED_BY

__all__ = ["FOLDER", "LISTS", "lost", "read", "write", "write_partial"]

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


def write_partial(measurements: Iterable[Measurement], folder: Path = FOLDER) -> int:
    """Bring `partial.txt` up to date, one operator a line; lines of operators not measured stay. Returns its length."""
    measurements = list(measurements)
    path = folder / "partial.txt"
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    measured = {m.name for m in measurements}
    kept = [line for line in before if line.split(" ", 1)[0] not in measured]
    lines = sorted(kept + [_shortfall(m) for m in measurements if m.status == "partial"])
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def _shortfall(measurement: Measurement) -> str:
    """`name forward 3/5, gradient 5/5 case: reason`."""
    tallies = {check: t for check, t in measurement.tallies.items() if check in CARRIED_BY}
    passed = ", ".join(f"{check} {t.passed}/{t.passed + t.failed}" for check, t in tallies.items())
    failure = next(f for check, f in measurement.failures.items() if check in CARRIED_BY)
    return f"{measurement.name} {passed} {failure.case}: {' '.join(failure.reason.split())[:160]}"


def _belongs(measurement: Measurement, name: str) -> bool:
    return measurement.complete if name == "complete" else measurement.status == "carried"
