"""The checks of promotion catch a wrong dtype and a wrong value; their table agrees with itself."""

from __future__ import annotations

from typing import Any

import pytest

from unison_conformance.checks import CHECKS, CheckFailed
from unison_conformance.checks.promotion import TABLE
from unison_core import devices, dtypes
from unison_core.dispatch import promotion


def test_table_is_symmetric_and_idempotent() -> None:
    assert len(TABLE) == 144
    assert all(TABLE[a, b] is TABLE[b, a] for a, b in TABLE)
    assert all(TABLE[d, d] is d for d in dtypes.ALL)


def test_table_never_loses_a_category() -> None:
    assert all(out.category is max(a.category, b.category) for (a, b), out in TABLE.items())


@pytest.mark.parametrize("name", ["add", "mul", "div", "maximum", "where", "lt", "eq"])
def test_pairs_notices_promotion_of_another_framework(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def numpys(a: Any, b: Any) -> Any:
        if {a, b} == {dtypes.int32, dtypes.float32} or {a, b} == {dtypes.int8, dtypes.uint8}:
            return dtypes.float64 if dtypes.float32 in (a, b) else dtypes.uint8
        return TABLE[a, b]

    CHECKS[f"check.promotion.pairs-{name}"].run("cpu")
    if name in ("lt", "eq"):
        monkeypatch.setattr(promotion.dtypes, "promote", lambda a, b: dtypes.bool_)
    else:
        monkeypatch.setattr(promotion.dtypes, "promote", numpys)
    with pytest.raises(CheckFailed, match=f"{name} of "):
        CHECKS[f"check.promotion.pairs-{name}"].run("cpu")


def test_scalars_notices_numbers_that_widen(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.promotion.scalars"].run("strict:0")
    strong = {bool: dtypes.bool_, int: dtypes.int64, float: dtypes.float64, complex: dtypes.complex128}

    def common(inputs: Any) -> Any:
        out = None
        for x in inputs:
            kind = strong.get(type(x)) or x.dtype
            out = kind if out is None else TABLE[out, kind]
        return out

    monkeypatch.setattr(promotion, "common_dtype", common)
    devices.canonical("strict:0").constants.clear()
    with pytest.raises(CheckFailed, match="number"):
        CHECKS["check.promotion.scalars"].run("strict:0")
    devices.canonical("strict:0").constants.clear()


def test_zero_dim_notices_strong_tensors_without_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.promotion.zero_dim"].run("cpu")

    def common(inputs: Any) -> Any:
        found = [x.dtype for x in inputs]
        return TABLE[found[0], found[-1]]

    monkeypatch.setattr(promotion, "common_dtype", common)
    with pytest.raises(CheckFailed, match="must be int32"):
        CHECKS["check.promotion.zero_dim"].run("cpu")
