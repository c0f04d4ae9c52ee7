"""The list of cases of each level: fixed for a version of the suite, and known by its hash.

# Note [How the list is thinned]
Every sample of an operator in a dtype is called on contiguous memory with ordinary numbers. The two samples to which
most layouts apply (the first of equals) are called in all of them. Every other sample is called in one more layout,
taken in turn, so that each layout meets each dtype and many shapes. Special values, ties and large ones go to those
two samples, one contiguous and one in a layout in turn; single NaN go to every sample; the long vectors (spread,
extremes, exhaustive) to one sample for each set of attributes. Levels take dtypes: level 1 float32, int32, int64 and
bool, level 3 all the others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from unison_conformance import VERSION
from unison_conformance.cases.case import Case
from unison_conformance.cases.layouts import LAYOUTS, applies
from unison_conformance.cases.points import LENGTHS
from unison_conformance.cases.shapes import more_samples
from unison_conformance.cases.values import applicable_values
from unison_conformance.errors import SuiteError
from unison_core import dtypes, operator
from unison_core.dtypes import DType
from unison_core.operator import Arity, Operator, Promote
from unison_core.samples import Arg, Sample

__all__ = [
    "GROUPS",
    "cases_of",
    "check_list",
    "drawable",
    "errors_of",
    "foreign",
    "layouts_of",
    "list_hash",
    "samples_of",
    "write_manifest",
]

_CORE = (dtypes.float32, dtypes.int32, dtypes.int64, dtypes.bool_)

GROUPS: dict[str, tuple[DType, ...]] = {
    "core": _CORE,
    **{d.name: (d,) for d in dtypes.ALL if d not in _CORE},
}
"""The dtypes whose cases are hashed together: level 1's, and each further one by itself."""

MANIFEST = Path(__file__).with_name("manifest.json")

_STORED = frozenset({"as_strided", "view", "view_as_complex"})
# What these return depends on the strides of x: samples describe contiguous ones.


@cache
def samples_of(name: str) -> tuple[Sample, ...]:
    """The good samples of an operator, in their order: its own, then the suite's."""
    own = tuple(s for s in operator.registry[name].samples() if s.error is None)  # type: ignore[misc]
    return own + more_samples(name)


@cache
def errors_of(name: str) -> tuple[Sample, ...]:
    """The erroneous samples of an operator, in their order."""
    return tuple(s for s in operator.registry[name].samples() if s.error is not None)  # type: ignore[misc]


def cases_of(name: str, dtypes_wanted: Iterable[DType] = _CORE) -> Iterator[Case]:
    """The cases of one operator (Note [How the list is thinned])."""
    op = operator.registry[name]
    for dtype in dtypes_wanted:
        if dtype in op.dtypes:
            yield from _cases(op, dtype)


def _cases(op: Operator, dtype: DType) -> Iterator[Case]:
    samples = [(n, s) for n, s in enumerate(samples_of(op.name)) if drawable(op, s, dtype)]
    layouts = {n: layouts_of(op, s) for n, s in samples}
    full = sorted(layouts, key=lambda n: -len(layouts[n]))[:2]
    for n, _ in samples:
        for layout in layouts[n] if n in full else _in_turn(layouts[n], n):
            yield Case(op.name, dtype.name, layout, "ordinary", n)
    for turn, values in enumerate(applicable_values(op, dtype)[1:]):
        if values in LENGTHS:
            for n in _one_of_each(samples):
                yield Case(op.name, dtype.name, "contiguous", values, n)
        elif values == "nan":
            for n, _ in samples:
                yield Case(op.name, dtype.name, "contiguous", values, n)
        else:
            for i, n in enumerate(full):
                layout = _in_turn(layouts[n], turn)[-1 if i else 0]
                yield Case(op.name, dtype.name, layout, values, n)


def _in_turn(layouts: Sequence[str], turn: int) -> tuple[str, ...]:
    """Contiguous, and one of the others."""
    others = layouts[1:]
    return ("contiguous", others[turn % len(others)]) if others else ("contiguous",)


def _one_of_each(samples: Iterable[tuple[int, Sample]]) -> Iterator[int]:
    """The first sample of each set of attributes whose inputs are all tensors."""
    seen: set[str] = set()
    for n, sample in samples:
        key = repr(sorted(sample.attrs.items()))
        if key not in seen and all(isinstance(x, Arg) for x in sample.inputs):
            seen.add(key)
            yield n


def layouts_of(op: Operator, sample: Sample) -> tuple[str, ...]:
    """The layouts in which a sample is another call, contiguous first."""
    shapes = [x.shape for x in sample.inputs if isinstance(x, Arg)]
    if op.name in _STORED or not shapes:
        return ("contiguous",)
    return tuple(
        name for name in LAYOUTS if any(applies(name, s) for s in shapes) and _sensible(op, name, sample)
    )


def _sensible(op: Operator, layout: str, sample: Sample) -> bool:
    """Stride 0 is for what is only read; equal rows make matrices singular, and are no permutation."""
    if layout == "mixed":
        return len(sample.inputs) > 1
    if layout != "expanded":
        return True
    return op.theme != "decomposition" and op.arity is not Arity.WRITING and _repeatable(sample)


def _repeatable(sample: Sample) -> bool:
    return any(isinstance(x, Arg) and not x.make and applies("expanded", x.shape) for x in sample.inputs)


def drawable(op: Operator, sample: Sample, dtype: DType) -> bool:
    """Whether the sample makes sense in that dtype.

    An operator whose one integer type is int64 has that for indices, not for what it computes; a sample that names
    the dtype of what it creates is for that one.
    """
    if dtype is dtypes.int64 and op.dtypes & dtypes.INTEGER == {dtypes.int64}:
        return False
    if op.arity is Arity.CREATION:
        return bool(sample.attrs.get("dtype", dtypes.int64) is dtype)
    return all(
        not isinstance(x, Arg) or (x.dtype or dtype) in op.dtypes or op.promote is not Promote.NONE
        for x in sample.inputs
    )


def list_hash(cases: Iterable[Any]) -> str:
    """SHA-256 of the names, one a line."""
    return hashlib.sha256("\n".join(map(str, cases)).encode()).hexdigest()


def foreign() -> tuple[str, ...]:
    """The operators that plugins brought: they are tested like all others, and are not part of the fixed list."""
    ours = "unison_core.ops."
    return tuple(n for n, op in operator.registry.items() if not op.declaration.__module__.startswith(ours))


def _fixed(group: str) -> Iterator[Case]:
    for name in sorted(set(operator.registry) - set(foreign())):
        yield from cases_of(name, GROUPS[group])


def _manifest() -> dict[str, Any]:
    groups = {name: list(_fixed(name)) for name in GROUPS}
    return {
        "suite": VERSION,
        "groups": {name: {"cases": len(c), "sha256": list_hash(c)} for name, c in groups.items()},
    }


def check_list() -> None:
    """Hold the list of cases against the one that the suite's version stands for.

    Raises:
        SuiteError: another version's manifest, or another list; the text names the dtypes and both counts.
    """
    try:
        kept = json.loads(MANIFEST.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise SuiteError(f"the list of cases cannot be checked: {MANIFEST.name} cannot be read ({e})") from e
    now = _manifest()
    if kept.get("suite") != now["suite"]:
        raise SuiteError(
            f"{MANIFEST.name} is of suite {kept.get('suite')!r}, this is {VERSION}: reinstall the suite"
        )
    for name, wanted in kept.get("groups", {}).items():
        if name not in now["groups"] or now["groups"][name] != wanted:
            count = now["groups"].get(name, {}).get("cases", 0)
            raise SuiteError(
                f"the cases of {name} are not those of suite {VERSION}: {count} cases here, {wanted['cases']} in "
                f"{MANIFEST.name}; reinstall the suite, or renew it with a new version "
                "(python -m unison_conformance.cases.listing --write)"
            )


def write_manifest() -> Path:
    """Renew the manifest, for a new version of the suite."""
    MANIFEST.write_text(json.dumps(_manifest(), indent=2) + "\n", encoding="utf-8")
    return MANIFEST


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m unison_conformance.cases.listing`: check the list, or with --write renew its manifest."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="renew manifest.json")
    options = parser.parse_args(arguments)
    try:
        if options.write:
            write_manifest()
        check_list()
    except SuiteError as e:
        print(e, file=sys.stderr)  # noqa: T201 - a command
        return e.code
    for name, group in json.loads(MANIFEST.read_text(encoding="utf-8"))["groups"].items():
        print(f"{name:12} {group['cases']:6} cases  {group['sha256'][:16]}")  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    import unison  # noqa: F401 - declares the operators

    sys.exit(main())
