"""Losses against PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.ops.agreement import agrees, floats, refuses_alike  # noqa: E402

REDUCTIONS = ["none", "sum", "mean"]


def classes(*shape, count=4, seed=3):
    return np.random.default_rng(seed).integers(0, count, shape)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("ignored", [-100, 1])
@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 3), (2, 4, 2, 3), (4,)])
def test_cross_entropy_of_classes_agrees(shape, ignored, smoothing, weighted, reduction):
    target = classes(*(() if len(shape) == 1 else (shape[0], *shape[2:])))
    weight = np.array([0.5, 1.0, 2.0, 0.25]) if weighted else None
    if weight is not None:
        weight = tuple(weight)

    def call(t, x, y):
        w = None if weight is None else t.tensor(weight, dtype=x.dtype)
        return t.nn.functional.cross_entropy(
            x, y, w, ignore_index=ignored, reduction=reduction, label_smoothing=smoothing
        )

    agrees(call, floats(*shape), target)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_probabilities_agrees(smoothing, reduction):
    def call(t, x, y):
        weight = t.tensor([0.5, 1.0, 2.0], dtype=x.dtype)
        return t.nn.functional.cross_entropy(x, y, weight, reduction=reduction, label_smoothing=smoothing)

    agrees(call, floats(4, 3, 5), floats(4, 3, 5, low=0, high=1, seed=1))


def test_cross_entropy_of_large_scores_agrees():
    agrees(lambda t, x, y: t.nn.functional.cross_entropy(x, y), floats(6, 4, low=-1e3, high=1e3), classes(6))


def test_cross_entropy_of_half_scores_agrees():
    x = floats(64, 300, dtype="float16")
    agrees(lambda t, x, y: t.nn.functional.cross_entropy(x, y), x, classes(64, count=300), second=False)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 3)])
def test_nll_loss_agrees(shape, reduction):
    def call(t, x, y):
        weight = t.tensor([0.5, 1.0, 2.0, 0.25], dtype=x.dtype)
        return t.nn.functional.nll_loss(x, y, weight, ignore_index=2, reduction=reduction)

    agrees(call, floats(*shape), classes(shape[0], *shape[2:]), second=False)


PAIRS = {
    "mse": lambda f, x, y, r: f.mse_loss(x, y, reduction=r),
    "l1": lambda f, x, y, r: f.l1_loss(x, y, reduction=r),
    "smooth_l1": lambda f, x, y, r: f.smooth_l1_loss(x, y, reduction=r, beta=0.7),
    "smooth_l1 of beta 0": lambda f, x, y, r: f.smooth_l1_loss(x, y, reduction=r, beta=0.0),
    "huber": lambda f, x, y, r: f.huber_loss(x, y, reduction=r, delta=0.6),
    "bce": lambda f, x, y, r: f.binary_cross_entropy(x.sigmoid(), y.sigmoid(), reduction=r),
    "bce with logits": lambda f, x, y, r: f.binary_cross_entropy_with_logits(x * 9, y.sigmoid(), reduction=r),
    "bce with weights": lambda f, x, y, r: f.binary_cross_entropy_with_logits(
        x, y.sigmoid(), x.detach() + 3, reduction=r, pos_weight=x.detach()[0] + 3
    ),
    "kl": lambda f, x, y, r: f.kl_div(x, y.sigmoid(), reduction=r),
    "kl of logarithms": lambda f, x, y, r: f.kl_div(x, y, reduction=r, log_target=True),
    "poisson": lambda f, x, y, r: f.poisson_nll_loss(x, y.exp(), full=True, reduction=r),
    "poisson of rates": lambda f, x, y, r: f.poisson_nll_loss(x.exp(), y.exp(), log_input=False, reduction=r),
    "gaussian": lambda f, x, y, r: f.gaussian_nll_loss(x, y, x.exp(), full=True, reduction=r),
    "hinge": lambda f, x, y, r: f.hinge_embedding_loss(x, y.detach().sign(), margin=0.5, reduction=r),
    "soft margin": lambda f, x, y, r: f.soft_margin_loss(x, y.detach().sign(), reduction=r),
    "multilabel soft margin": lambda f, x, y, r: f.multilabel_soft_margin_loss(x, y.sigmoid(), reduction=r),
    "ranking": lambda f, x, y, r: f.margin_ranking_loss(
        x, y, (x * y).detach().sign(), margin=0.2, reduction=r
    ),
    "cosine": lambda f, x, y, r: f.cosine_embedding_loss(x, y, (x * y).sum(1).detach().sign(), reduction=r),
    "triplet": lambda f, x, y, r: f.triplet_margin_loss(x, y, x * 0.5 + y, swap=True, reduction=r),
}


@pytest.mark.filterwarnings("ignore:reduction. 'mean':UserWarning")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", PAIRS)
def test_loss_of_pairs_agrees(name, reduction):
    second = name not in ("l1", "smooth_l1 of beta 0")
    agrees(
        lambda t, x, y: PAIRS[name](t.nn.functional, x, y, reduction),
        floats(4, 3),
        floats(4, 3, seed=1),
        second=second,
    )


def test_mse_of_broadcast_inputs_agrees():
    with pytest.warns(UserWarning, match="target size"):
        agrees(lambda t, x, y: t.nn.functional.mse_loss(x, y), floats(4, 3), floats(3, seed=1))


@pytest.mark.parametrize("zero_infinity", [True, False])
def test_ctc_loss_agrees(zero_infinity):
    target = np.array([[1, 1, 2], [3, 2, 0], [1, 1, 1]])

    def call(t, x, y):
        scores = t.nn.functional.log_softmax(x, 2)
        lengths = ((6, 4, 3 if zero_infinity else 6), (3, 2, 3))
        return t.nn.functional.ctc_loss(scores, y, *lengths, zero_infinity=zero_infinity)

    agrees(call, floats(6, 3, 4), target, second=False)


REFUSED = {
    "cross_entropy: class": lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.tensor([0, 3])),
    "cross_entropy: batch": lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.tensor([0, 1, 2])),
    "cross_entropy: dtype": lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.ones(2)),
    "cross_entropy: weight": lambda t: t.nn.functional.cross_entropy(
        t.ones(2, 3), t.tensor([0, 1]), t.ones(2)
    ),
    "cross_entropy: reduction": lambda t: t.nn.functional.cross_entropy(
        t.ones(2, 3), t.tensor([0, 1]), reduction="max"
    ),
    "nll: class": lambda t: t.nn.functional.nll_loss(t.ones(2, 3), t.tensor([0, 3])),
    "bce: range": lambda t: t.nn.functional.binary_cross_entropy(t.ones(2) * 2, t.ones(2)),
    "bce: shape": lambda t: t.nn.functional.binary_cross_entropy(t.ones(2), t.ones(3)),
    "bce with logits: shape": lambda t: t.nn.functional.binary_cross_entropy_with_logits(
        t.ones(2), t.ones(3)
    ),
    "huber: delta": lambda t: t.nn.functional.huber_loss(t.ones(2), t.ones(2), delta=0.0),
    "smooth_l1: beta": lambda t: t.nn.functional.smooth_l1_loss(t.ones(2), t.ones(2), beta=-1.0),
    "multi_margin: p": lambda t: t.nn.functional.multi_margin_loss(t.ones(2, 3), t.tensor([0, 1]), p=3),
    "ctc: blank": lambda t: t.nn.functional.ctc_loss(t.ones(4, 1, 3), t.tensor([[1]]), (4,), (1,), blank=5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_have_the_class_of_pytorch(name):
    assert refuses_alike(REFUSED[name])
