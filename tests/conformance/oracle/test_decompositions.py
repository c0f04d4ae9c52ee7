"""Oracles of decompositions: NumPy's results pass, results with one thing wrong do not, their own values pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from unison_conformance.oracle import expected
from unison_conformance.tolerance import compare, limit_of
from unison_conformance.tolerance.compare import verified
from unison_core import dtypes

X = np.random.default_rng(7).standard_normal((2, 4, 4))
Z = X + 1j * np.random.default_rng(8).standard_normal((2, 4, 4))
TALL = X[:, :, :3]


def _ok(name: str, inputs: tuple[Any, ...], attrs: dict[str, Any], results: tuple[Any, ...]) -> bool:
    good = True
    for got, reference in zip(results, expected(name, inputs, attrs), strict=True):
        dtype = dtypes.BY_NAME[got.dtype.name]
        limit = limit_of("decomposition", dtype)
        good &= compare(got, reference, dtype, limit).ok
        if reference.verify is not None:
            good &= verified(reference.verify(results), dtype, limit).ok
    return good


def _spd(x: np.ndarray) -> np.ndarray:
    return x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(4)


CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], Callable[..., Any]]] = {
    "cholesky": ((_spd(X),), {}, np.linalg.cholesky),
    "qr": ((TALL,), {"complete": False}, np.linalg.qr),
    "svd": ((TALL,), {"full_matrices": True}, np.linalg.svd),
    "eigh": ((_spd(Z),), {"upper": False}, np.linalg.eigh),
    "eig": ((X,), {}, np.linalg.eig),
    "inverse": ((Z,), {}, np.linalg.inv),
    "solve": ((X, TALL), {}, np.linalg.solve),
    "slogdet": ((X,), {}, np.linalg.slogdet),
}


def _numpys(name: str) -> tuple[Any, ...]:
    inputs, _, function = CASES[name]
    out = function(*inputs)
    results = tuple(out) if isinstance(out, tuple) else (out,)
    complexes = name == "eig"
    return tuple(np.array(r, np.complex128) if complexes else np.array(r) for r in results)


@pytest.mark.parametrize("name", CASES)
def test_results_of_lapack_pass(name: str) -> None:
    inputs, attrs, _ = CASES[name]
    assert _ok(name, inputs, attrs, _numpys(name))


@pytest.mark.parametrize("name", CASES)
def test_own_values_pass(name: str) -> None:
    inputs, attrs, _ = CASES[name]
    results = []
    for r, like in zip(expected(name, inputs, attrs), _numpys(name), strict=True):
        parts = r.value if isinstance(r.value, tuple) else (r.value,)
        value = parts[0].hi + 1j * parts[1].hi if len(parts) == 2 else parts[0].hi
        results.append(value.astype(like.dtype))
    assert _ok(name, inputs, attrs, tuple(results))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("place", [0, 1])
def test_one_wrong_element_fails(name: str, place: int) -> None:
    inputs, attrs, _ = CASES[name]
    results = _numpys(name)
    place = min(place, len(results) - 1)
    results[place].reshape(-1)[0] *= 1.001
    assert not _ok(name, inputs, attrs, results)


def test_singular_values_must_fall_and_eigenvalues_rise() -> None:
    u, s, vh = np.linalg.svd(TALL, full_matrices=False)
    turned = (u[..., ::-1].copy(), s[..., ::-1].copy(), vh[..., ::-1, :].copy())
    assert not _ok("svd", (TALL,), {"full_matrices": False}, turned)
    w, v = np.linalg.eigh(_spd(X))
    assert not _ok("eigh", (_spd(X),), {"upper": False}, (w[..., ::-1].copy(), v[..., ::-1].copy()))


def test_eigenvalues_taken_twice_fail() -> None:
    w, v = (r.astype(np.complex128) for r in np.linalg.eig(X))
    w[..., 1], v[..., 1] = w[..., 0], v[..., 0]
    assert not _ok("eig", (X,), {}, (w, v))


def test_a_singular_matrix_has_an_open_determinant() -> None:
    sign, log = expected("slogdet", (np.ones((3, 3)),), {})
    assert bool(sign.free)
    assert bool(log.free)


def test_solve_triangular_reads_one_triangle() -> None:
    attrs = {"upper": False, "left": True, "unitriangular": True}
    wanted = np.linalg.solve(np.tril(X[0], -1) + np.eye(4), TALL[0])
    assert _ok("solve_triangular", (X[0], TALL[0]), attrs, (wanted,))
    attrs = {"upper": True, "left": False, "unitriangular": False}
    wanted = np.linalg.solve(np.triu(X[0]).T, TALL[0]).T.copy()
    assert _ok("solve_triangular", (X[0], TALL[0].T.copy()), attrs, (wanted,))
