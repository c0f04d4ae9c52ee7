"""Factorisations in LAPACK's form and low-rank ones; PyTorch's samples of them run in tests/parity/ops."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.ops.agreement import floats, refuses_alike  # noqa: E402


@pytest.mark.parametrize("wide", [False, True])
def test_svd_lowrank_finds_a_matrix_of_low_rank(wide):
    x = floats(40, 3) @ floats(3, 25, seed=1)
    x = unison.tensor(x.T.copy() if wide else x)
    u, s, v = unison.svd_lowrank(x, q=4)
    assert unison.allclose(u @ unison.diag(s) @ v.mT, x, atol=1e-9)
    assert s[:3].tolist() == pytest.approx(unison.linalg.svdvals(x)[:3].tolist())


def test_pca_lowrank_gives_the_deviations_of_the_components():
    x = floats(50, 4) * [[5.0, 1.0, 0.3, 0.1]]
    expected = torch.linalg.svdvals(torch.tensor(x - x.mean(0)))
    _, s, v = unison.pca_lowrank(unison.tensor(x), q=4)
    assert s.tolist() == pytest.approx(expected.tolist())
    assert tuple(v.shape) == (4, 4)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 4, 4)])
def test_geqrf_and_ormqr_factor_the_matrix(shape):
    x = unison.tensor(floats(*shape))
    a, tau = unison.geqrf(x)
    rebuilt = unison.ormqr(a, tau, a.triu())
    assert unison.allclose(rebuilt, x, atol=1e-12)


REFUSED = {
    "pca: q": lambda side, x: side.pca_lowrank(x, q=5),
    "pca: niter": lambda side, x: side.pca_lowrank(x, niter=-1),
    "lu_unpack: pivots": lambda side, x: side.lu_unpack(x, side.tensor([1, 2, 3])),
    "ormqr: lengths": lambda side, x: side.ormqr(x, x[0, :2], x.mT),
    "geqrf: a vector": lambda side, x: side.geqrf(x[0]),
    "native_group_norm: sizes": lambda side, x: side.native_group_norm(x, None, None, 2, 2, 2, 1, 1e-5),
    "nonzero_static: size": lambda side, x: side.nonzero_static(x, size=-1),
}


@pytest.mark.parametrize("case", REFUSED)
def test_input_that_torch_refuses_is_refused_alike(case):
    assert refuses_alike(REFUSED[case], floats(4, 3))
