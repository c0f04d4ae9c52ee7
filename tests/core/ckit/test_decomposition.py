"""Decompositions of the C kit: the equations they fulfil, NumPy's spectra, and matrices that have none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from unison_core import devices, dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.decomposition import Decomposition
from unison_core.errors import LinAlgError

UNIT = {"float32": 2.0**-23, "complex64": 2.0**-23, "float64": 2.0**-52, "complex128": 2.0**-52}


class Bench:
    """The kit's kernels without the dispatcher, so that dtypes and groups may be chosen."""

    def __init__(self, name: str) -> None:
        device = devices.canonical(name)
        self.kit = device.backend.kit
        self.runtime = self.kit.runtime(device)
        self.kernels = Decomposition(self.kit)

    def put(self, x: Any) -> CArray:
        data = np.ascontiguousarray(x)
        out = self.kit.empty(data.shape, dtypes.BY_NAME[data.dtype.name], self.runtime)
        if out.size:
            self.runtime.copy_in(out.buffer, 0, data)
        return out

    def get(self, x: CArray) -> Any:
        x = self.kit.contiguous(x)
        out = np.empty(x.shape, x.dtype.name)
        if out.size:
            self.runtime.copy_out(x.buffer, x.offset * x.dtype.itemsize, out)
        return out

    def call(self, name: str, *arrays: Any, **attributes: Any) -> Any:
        found = getattr(self.kernels, name)(*map(self.put, arrays), **attributes)
        return tuple(map(self.get, found)) if isinstance(found, tuple) else self.get(found)


@pytest.fixture(params=[True, False], ids=["one-item", "group"])
def bench(request: pytest.FixtureRequest, opencl: str) -> Iterator[Bench]:
    """A matrix is worked on by one work-item, as on processors, and by a whole group, as elsewhere."""
    out = Bench(opencl)
    facts = out.runtime.facts
    out.runtime.facts = dataclasses.replace(facts, cpu=request.param)
    yield out
    out.runtime.facts = facts


def _matrices(shape: tuple[int, ...], kind: str) -> Any:
    rng = np.random.default_rng(7)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if kind.startswith("c") else x).astype(kind)


def _adjoint(x: Any) -> Any:
    return x.conj().swapaxes(-1, -2)


def _near(a: Any, b: Any, kind: str, size: float = 1.0) -> None:
    """Within 64 units of numbers of that size: what these algorithms make of matrices of up to 20 rows."""
    assert np.abs(a - b).max(initial=0) <= 64 * UNIT[kind] * size


def _unitary(q: Any, kind: str) -> None:
    _near(_adjoint(q) @ q, np.eye(q.shape[-1]), kind)


KINDS = pytest.mark.parametrize("kind", sorted(UNIT))


@KINDS
@pytest.mark.parametrize("shape", [(1, 1), (3, 5, 5), (20, 20)])
def test_factors_multiply_to_the_matrix(shape: tuple[int, ...], kind: str, bench: Bench) -> None:
    x = _matrices(shape, kind)
    s = x @ _adjoint(x) + np.eye(shape[-1], dtype=kind)
    low = bench.call("cholesky", np.tril(s))
    _near(low @ _adjoint(low), s, kind, np.linalg.norm(s))
    assert not np.triu(low, 1).any()
    for part in (x, x[..., :3], x[..., :3, :]):
        for complete in (False, True):
            q, r = bench.call("qr", part, complete=complete)
            _near(q @ r, part, kind, np.linalg.norm(part))
            _unitary(q, kind)
            assert not np.tril(r, -1).any()


@KINDS
@pytest.mark.parametrize("shape", [(2, 4, 7), (7, 4), (1, 3), (17, 17)])
@pytest.mark.parametrize("full", [False, True])
def test_svd_is_orthonormal_even_of_deficient_matrices(
    full: bool, shape: tuple[int, ...], kind: str, bench: Bench
) -> None:
    x = _matrices(shape, kind)
    gaps = x.copy()
    gaps[..., :, 1:] = 0
    for given in (x, gaps, np.zeros_like(x)):
        u, s, vh = bench.call("svd", given, full_matrices=full)
        k = s.shape[-1]
        _near((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], given, kind, np.linalg.norm(given))
        _unitary(u, kind)
        _unitary(_adjoint(vh), kind)
        _near(s, np.linalg.svd(given.astype(complex), compute_uv=False), kind, np.linalg.norm(given))


@KINDS
@pytest.mark.parametrize("shape", [(1, 1), (2, 6, 6), (17, 17)])
@pytest.mark.parametrize("upper", [False, True])
def test_eigh_reads_one_triangle(upper: bool, shape: tuple[int, ...], kind: str, bench: Bench) -> None:
    x = _matrices(shape, kind)
    x = x + _adjoint(x)
    w, v = bench.call("eigh", np.triu(x) if upper else np.tril(x), upper=upper)
    size = np.linalg.norm(x)
    _near(x @ v, v * w[..., None, :], kind, size)
    _unitary(v, kind)
    _near(w, np.linalg.eigvalsh(x.astype(complex)), kind, size)


@KINDS
def test_eig_of_any_matrix_and_of_a_permutation(kind: str, bench: Bench) -> None:
    for x in (_matrices((2, 9, 9), kind), np.eye(5, dtype=kind)[[1, 2, 3, 4, 0]], np.zeros((3, 3), kind)):
        w, v = bench.call("eig", x)
        _near(x @ v, v * w[..., None, :], kind, np.linalg.norm(x))
        _near(np.linalg.norm(v, axis=-2), np.ones(x.shape[:-1]), kind)
        # Their sum and product are the trace and the determinant.
        _near(w.sum(-1), np.trace(x, axis1=-2, axis2=-1), kind, np.linalg.norm(x))
        want = np.linalg.det(x.astype(complex))
        _near(w.prod(-1), want, kind, np.linalg.norm(x) ** x.shape[-1])


@KINDS
def test_systems_of_broadcast_batches(kind: str, bench: Bench) -> None:
    a, b = _matrices((2, 1, 6, 6), kind), _matrices((3, 6, 4), kind)
    x = bench.call("solve", a, b)
    assert x.shape == (2, 3, 6, 4)
    size = np.linalg.cond(a).max() * np.linalg.norm(b)
    _near(a @ x, np.broadcast_to(b, x.shape), kind, size)
    _near(a @ bench.call("inverse", a), np.broadcast_to(np.eye(6), a.shape), kind, size)
    sign, log = bench.call("slogdet", a)
    want = np.linalg.slogdet(a.astype(complex))
    _near(sign, want.sign, kind, size)
    _near(log, want.logabsdet, kind, size)
    for upper in (False, True):
        low = (np.triu if upper else np.tril)(a) + 3 * np.eye(6, dtype=kind)
        options = {"upper": upper, "unitriangular": False}
        x = bench.call("solve_triangular", low, b, left=True, **options)
        _near(low @ x, np.broadcast_to(b, x.shape), kind, size)
        right = np.ascontiguousarray(b.swapaxes(-1, -2))
        x = bench.call("solve_triangular", low, right, left=False, **options)
        _near(x @ low, np.broadcast_to(right, x.shape), kind, size)


def test_numbers_at_the_ends_of_the_range_do_not_overflow(bench: Bench) -> None:
    for scale in (1e36, 1e-36):
        x = (_matrices((4, 4), "float64") * scale).astype(np.float32)
        h = x + x.T
        assert np.allclose(bench.call("svd", x, full_matrices=False)[1], np.linalg.svd(x)[1], rtol=1e-4)
        assert np.allclose(bench.call("eigh", h, upper=False)[0], np.linalg.eigvalsh(h), rtol=1e-4)
        assert np.allclose(
            np.abs(np.diag(bench.call("qr", x, complete=False)[1])), np.abs(np.diag(np.linalg.qr(x)[1]))
        )


def test_matrices_that_have_none_are_named(bench: Bench) -> None:
    good, bad = np.eye(2, dtype=np.float32), np.array([[1, 2], [2, 1]], np.float32)
    with pytest.raises(LinAlgError, match=r"linalg.cholesky: .*not positive-definite \(matrix 1: .* order 2"):
        bench.call("cholesky", np.stack([good, bad]))
    flat = np.ones((2, 2), np.float32)
    with pytest.raises(
        LinAlgError, match=r"linalg.solve: The solver failed .* singular.* \(matrix 0: pivot 2"
    ):
        bench.call("solve", flat, good)
    with pytest.raises(LinAlgError, match=r"linalg\.inv: The diagonal element of the factor is zero"):
        bench.call("inverse", flat)
    sign, log = bench.call("slogdet", flat)
    assert (sign, log) == (0, -np.inf)
    nan = np.full((2, 2), np.nan, np.float32)
    for name, attributes in (("eig", {}), ("eigh", {"upper": False}), ("svd", {"full_matrices": False})):
        with pytest.raises(LinAlgError, match=f"linalg.{name}: did not converge"):
            bench.call(name, nan, **attributes)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (2, 0, 0)])
def test_empty_matrices_have_empty_factors(shape: tuple[int, ...], bench: Bench) -> None:
    x = np.zeros(shape, np.float32)
    assert bench.call("cholesky", x).shape == shape
    assert bench.call("inverse", x).shape == shape
    sign, log = bench.call("slogdet", x)
    assert np.array_equal(sign, np.ones(shape[:-2]))
    assert np.array_equal(log, np.zeros(shape[:-2]))
    u, s, vh = bench.call("svd", np.zeros((3, 0), np.float32), full_matrices=True)
    assert (u.shape, s.shape, vh.shape) == ((3, 3), (0,), (0, 0))
    _unitary(u, "float32")
