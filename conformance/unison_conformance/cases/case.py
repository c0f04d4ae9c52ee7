"""One case: an operator, a dtype, a layout, a class of values and which of the operator's samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from unison_conformance.errors import UsageError
from unison_core import dtypes, operator
from unison_core.dtypes import DType
from unison_core.operator import Operator
from unison_core.samples import Sample

__all__ = ["Case", "parse"]


@dataclass(frozen=True, slots=True)
class Case:
    """A call of an operator. Its name, `exp-float32-transposed-special-3`, says everything that is needed to make it.

    `seed` is 0 in the fixed list; the names of fuzzed cases end in `.seed`.
    """

    operator: str
    dtype: str
    layout: str
    values: str
    sample: int
    seed: int = 0

    def __str__(self) -> str:
        name = f"{self.operator}-{self.dtype}-{self.layout}-{self.values}-{self.sample}"
        return f"{name}.{self.seed}" if self.seed else name

    @property
    def op(self) -> Operator:
        """The operator's entry in the registry."""
        return operator.registry[self.operator]

    @property
    def element_type(self) -> DType:
        """The dtype under test."""
        return dtypes.BY_NAME[self.dtype]

    def call(self) -> Sample:
        """The sample: shapes, domains and attributes of the call."""
        return _call(self.operator, self.dtype, self.values, self.sample, self.seed)


@lru_cache(4096)
def _call(name: str, dtype: str, values: str, number: int, seed: int) -> Sample:
    from unison_conformance.cases.fuzz import reshaped
    from unison_conformance.cases.listing import errors_of, samples_of
    from unison_conformance.cases.values import resized

    if values == "error":
        return errors_of(name)[number]
    op, sample = operator.registry[name], samples_of(name)[number]
    return resized(op, reshaped(op, sample, seed) if seed else sample, dtypes.BY_NAME[dtype], values)


def parse(name: str) -> Case:
    """The case of that name.

    Raises:
        UsageError: it is no case's name; the text says which part is wrong.
    """
    parts = name.rsplit("-", 4)
    if len(parts) != 5:
        raise UsageError(
            f"{name!r} is no case: names read OPERATOR-DTYPE-LAYOUT-VALUES-SAMPLE, such as "
            "exp-float32-transposed-special-3 (conformance list shows them)"
        )
    op, dtype, layout, values, last = parts
    sample, _, seed = last.partition(".")
    if op not in operator.registry:
        raise UsageError(f"{name!r}: no operator is named {op!r}{nearest(op, operator.registry)}")
    if dtype not in dtypes.BY_NAME:
        raise UsageError(f"{name!r}: no dtype is named {dtype!r}{nearest(dtype, dtypes.BY_NAME)}")
    if not sample.isdigit() or (seed and not seed.isdigit()):
        raise UsageError(f"{name!r}: {last!r} is no number of a sample")
    return Case(op, dtype, layout, values, int(sample), int(seed or 0))


def nearest(word: str, words: object) -> str:
    """`; did you mean ...?` with the nearest of the words, or nothing."""
    import difflib

    near = difflib.get_close_matches(word, list(words), n=3)  # type: ignore[call-overload]
    return f"; did you mean {', '.join(near)}?" if near else ""
