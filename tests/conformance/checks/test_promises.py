"""Every check of promises catches a backend that says what is not so, or that changes the framework."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unison
from tests.conformance.checks.faulty import NAME, FaultyBackend, caught, faulty
from unison_conformance.checks import CHECKS, CheckFailed
from unison_core import arraykit, dtypes
from unison_core.operator import registry


def _lacking(*names: str) -> Any:
    def native_dtypes(self: Any) -> Any:
        return {d: n for d, n in FaultyBackend.native_dtypes(self).items() if d.name not in names}

    return native_dtypes


@pytest.mark.parametrize(
    ("method", "result", "text"),
    [
        ("current_device", 3, "is current"),
        ("describe", "", "describes itself"),
        ("memory", {"used": -5}, "numbers of bytes"),
    ],
)
def test_device_notices_nonsense(method: str, result: Any, text: str) -> None:
    assert text in caught("check.promises.device", **{method: lambda self, *device: result})


@pytest.mark.parametrize(
    ("methods", "text"),
    [
        ({"claims": lambda self, device: frozenset({"fastest"})}, "no badges"),
        (
            {"claims": lambda self, device: frozenset({"bf16"}), "native_dtypes": _lacking("bfloat16")},
            "bfloat16",
        ),
        ({"claims": lambda self, device: frozenset({"strided"}), "aliasing": False}, "do not share memory"),
        ({"subnormals": lambda self, device: "perhaps"}, "not 'preserve' or 'flush'"),
    ],
)
def test_claims_notices_lies(methods: Any, text: str) -> None:
    assert text in caught("check.promises.claims", **methods)


def test_listed_notices_a_dtype_that_is_refused() -> None:
    from unison_core.errors import NotSupportedError

    def from_host(self: Any, array: Any, device: Any) -> Any:
        if array.dtype.name == "int8":
            raise NotSupportedError("int8 on Tuesdays only")
        return FaultyBackend.from_host(self, array, device)

    with faulty(from_host=from_host), pytest.raises(CheckFailed, match="lists int8 and refuses it") as failed:
        CHECKS["check.promises.listed-int8"].run(NAME)
    assert failed.value.verdict == "LIE"


def test_listed_notices_sums_that_saturate() -> None:
    def add(x: Any, y: Any) -> Any:
        return np.minimum(x.astype(np.int64) + y, 100).astype(x.dtype) if x.dtype == np.int8 else np.add(x, y)

    assert "x + x of int8" in caught("check.promises.listed-int8", {"add": add})


def test_unlisted_notices_a_silent_narrower_dtype() -> None:
    kit = arraykit.kernels(np, {d: np.dtype(d.name) for d in dtypes.ALL if d is not dtypes.bfloat16})

    def claims(self: Any, device: Any) -> Any:
        return FaultyBackend.claims(self, device) - {"fp64"}

    def cast(x: Any, *, dtype: Any) -> Any:
        return kit["cast"](x, dtype=dtypes.float32 if dtype is dtypes.float64 else dtype)

    text = caught("check.promises.unlisted-float64", {"cast": cast}, claims=claims)
    assert "it must raise NotSupportedError" in text


def test_unlisted_passes_where_the_dtype_is_refused() -> None:
    CHECKS["check.promises.unlisted-float64"].run("strict:1")
    CHECKS["check.promises.unlisted-complex128"].run("strict:1")


@pytest.mark.parametrize(("check", "operator"), [("kernels", "exp"), ("resolution", "exp")])
def test_a_missing_kernel_is_noticed(check: str, operator: str) -> None:
    def kernels(self: Any) -> Any:
        return {n: k for n, k in FaultyBackend.kernels(self).items() if n != operator}

    assert operator in caught(f"check.promises.{check}", kernels=kernels)


def test_arrays_notices_results_of_another_class() -> None:
    class Foreign(np.ndarray[Any, Any]):
        pass

    text = caught(
        "check.promises.arrays-exp",
        {"exp": lambda x: np.exp(x).view(Foreign)},
        adopt=lambda self, result: result,
    )
    assert "not ndarray" in text


def test_arrays_notices_a_dtype_told_wrong() -> None:
    def dtype_of(self: Any, array: Any) -> Any:
        found = FaultyBackend.dtype_of(self, array)
        return dtypes.int32 if found is dtypes.float32 and array.ndim == 1 else found

    assert "but is read as" in caught("check.promises.arrays-exp", dtype_of=dtype_of)


def test_subnormals_notices_a_device_that_flushes() -> None:
    def add(x: Any, y: Any) -> Any:
        out = np.add(x, y)
        return np.where(np.abs(out) < 2.0**-126, np.float32(0), out) if out.dtype == np.float32 else out

    assert "says that it preserves them" in caught("check.promises.subnormals", {"add": add})


def test_subnormals_notices_a_flush_without_its_sign() -> None:
    def mul(x: Any, y: Any) -> Any:
        out = np.multiply(x, y)
        return np.where(np.abs(out) < 2.0**-126, np.float32(0), out) if out.dtype == np.float32 else out

    text = caught("check.promises.subnormals", {"mul": mul}, subnormals=lambda self, device: "flush")
    assert "zeros of their sign" in text


def test_errors_notices_an_index_that_is_not_checked() -> None:
    def gather(x: Any, index: Any, *, dim: int) -> Any:
        return np.take_along_axis(x, index % x.shape[dim], dim)

    assert "was not refused" in caught("check.promises.errors-gather", {"gather": gather})


def test_errors_notices_an_error_of_another_class() -> None:
    from unison_core.errors import OperatorTypeError

    def gather(x: Any, index: Any, *, dim: int) -> Any:
        raise OperatorTypeError("no")

    with faulty({"gather": gather}), pytest.raises(CheckFailed, match="it must raise"):
        CHECKS["check.promises.errors-gather"].run(NAME)


@pytest.mark.parametrize(
    "place", ["Tensor.add", "Tensor.__add__", "Tensor.shape", "function", "operator", "path"]
)
def test_frontend_notices_what_a_plugin_replaced(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.promises.frontend"].run("cpu")

    def evil(*_: Any, **__: Any) -> Any:
        return 42

    match place:
        case "Tensor.shape":
            monkeypatch.setattr(unison.Tensor, "shape", property(evil))
        case "function":
            monkeypatch.setattr(unison, "zeros", evil)
        case "operator":
            monkeypatch.setattr(registry["add"], "call", evil)
        case "path":
            monkeypatch.setattr("unison_core.dispatch.paths.settle", evil)
        case _:
            monkeypatch.setattr(unison.Tensor, place.partition(".")[2], evil)
    with pytest.raises(CheckFailed, match=r"not the framework's|was replaced") as failed:
        CHECKS["check.promises.frontend"].run("cpu")
    assert failed.value.verdict == "LIE"


def test_frontend_notices_a_replaced_entry_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    where = unison.zeros(1).device
    monkeypatch.setitem(registry["exp"].table, where, lambda x: x)
    with pytest.raises(CheckFailed, match="the table of exp holds"):
        CHECKS["check.promises.frontend"].run("cpu")
