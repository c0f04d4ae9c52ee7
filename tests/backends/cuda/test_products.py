"""Products of matrices by cuBLAS, on the stand-in: which operations, leading lengths and steps it is asked for."""

from __future__ import annotations

import importlib.machinery
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unison
from tests.backends.cuda import standin, standin_cublas
from tests.core.ckit import plainc

pytestmark = pytest.mark.skipif(plainc.COMPILER is None, reason="no C compiler on this machine")


@pytest.fixture(scope="module")
def cuda() -> Iterator[str]:
    with standin.installed() as name:
        yield name


@pytest.fixture
def calls(cuda: str) -> list[dict[str, Any]]:
    standin_cublas.calls.clear()
    return standin_cublas.calls


def _pair(*shapes: tuple[int, ...], dtype: Any = np.float32) -> list[Any]:
    """Whole numbers, so that every order of a sum gives the same."""
    rng = np.random.default_rng(5)
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


LAYOUTS = {
    "as it lies": lambda x: x,
    "turned": lambda x: x.mT.contiguous().mT,
    "part of a larger one": lambda x: unison.nn.functional.pad(x, (1, 2, 1, 0))[..., 1:, 1:-2],
}


@pytest.mark.parametrize("right", LAYOUTS)
@pytest.mark.parametrize("left", LAYOUTS)
def test_matrices_in_either_order_are_multiplied_where_they_lie(
    cuda: str, calls: list[dict[str, Any]], left: str, right: str
) -> None:
    a, b = _pair((3, 5), (5, 4))
    x, y = (LAYOUTS[how](unison.from_numpy(m).to(cuda)) for how, m in ((left, a), (right, b)))
    calls.clear()
    assert np.array_equal((x @ y).cpu().numpy(), a @ b)
    (call,) = calls
    # The product is asked for transposed: b comes first.
    assert (call["m"], call["n"], call["k"]) == (4, 3, 5)
    assert call["op"] == (int(right == "turned"), int(left == "turned"))


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ((2, 3, 4, 5), (2, 3, 5, 2), [6]),
        ((6, 4, 5), (5, 2), [1]),
        ((4, 5), (6, 5, 2), [6]),
        ((2, 1, 4, 5), (3, 5, 2), [3, 3]),
        ((1, 5), (5, 1), [1]),
        ((7, 1, 5), (7, 5, 1), [7]),
        ((4, 1), (1, 3), [1]),
    ],
)
def test_batches_take_as_few_calls_as_their_steps_allow(
    cuda: str, calls: list[dict[str, Any]], one: Any, other: Any, count: list[int]
) -> None:
    a, b = _pair(one, other)
    got = unison.from_numpy(a).to(cuda) @ unison.from_numpy(b).to(cuda)
    assert np.array_equal(got.cpu().numpy(), a @ b)
    assert [call["count"] for call in calls] == count


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_linear_adds_to_the_bias(cuda: str, calls: list[dict[str, Any]], dtype: str) -> None:
    x, weight, bias = _pair((2, 3, 5), (4, 5), (4,))
    given = [unison.from_numpy(v).to(getattr(unison, dtype)).to(cuda) for v in (x, weight, bias)]
    got = unison.nn.functional.linear(*given)
    assert np.array_equal(got.cpu().double().numpy(), x @ weight.T + bias)
    assert [(call["op"], call["n"]) for call in calls] == [((1, 0), 6)]


def test_gradients_of_products_are_cublas_too(cuda: str, calls: list[dict[str, Any]]) -> None:
    a, b = _pair((3, 5), (5, 4))
    x, y = (unison.from_numpy(m).to(cuda).requires_grad_() for m in (a, b))
    (x @ y).backward(unison.ones(3, 4, device=cuda))
    assert len(calls) == 3
    assert np.array_equal(x.grad.cpu().numpy(), np.ones((3, 4)) @ b.T)
    assert np.array_equal(y.grad.cpu().numpy(), a.T @ np.ones((3, 4)))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_whole_numbers_and_repeated_rows_are_the_kits(
    cuda: str, calls: list[dict[str, Any]], dtype: Any
) -> None:
    a, b = _pair((3, 5), (5, 4), dtype=dtype)
    got = unison.from_numpy(a).to(cuda) @ unison.from_numpy(b).to(cuda)
    assert np.array_equal(got.cpu().numpy(), a @ b)
    row = unison.arange(5.0, device=cuda).expand(3, 5)
    assert (row @ unison.eye(5, device=cuda)).tolist() == [[0, 1, 2, 3, 4]] * 3
    assert not calls


def test_the_real_function_takes_what_the_stand_in_takes() -> None:
    """CuPy's module needs cuBLAS to be imported, so its text is read: signatures stand in the binary."""
    spec = importlib.machinery.PathFinder.find_spec("cupy_backends")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs the extra 'cuda' (CuPy itself)")
    (binary,) = Path(spec.submodule_search_locations[0], "cuda", "libs").glob("cublas.*")
    text = binary.read_bytes()
    wanted = (
        b"gemmStridedBatchedEx(intptr_t handle, int transa, int transb, int m, int n, int k, size_t alpha, size_t A, "
        b"int Atype, int lda, long long strideA, size_t B, int Btype, int ldb, long long strideB, size_t beta, "
        b"size_t C, int Ctype, int ldc, long long strideC, int batchCount, int computeType, int algo)"
    )
    assert wanted in text
    assert b"setMathMode(intptr_t handle, int mode)" in text
    for name in vars(standin_cublas.modules()["cupy_backends.cuda.libs.cublas"]):
        if not name.startswith("__"):
            assert name.encode() in text
