"""The update rules, against formulas in plain Python and against their own derivatives."""

import math

import numpy as np
import pytest

import unison

GRADS = [0.7, -0.2, 1.5, 0.1, -0.9]


def _run(name, grads=GRADS, start=1.5, **kwargs):
    p = unison.tensor([start], dtype=unison.float64, requires_grad=True)
    opt = getattr(unison.optim, name)([p], **kwargs)
    for grad in grads:
        p.grad = unison.tensor([grad], dtype=unison.float64)
        opt.step()
    return p.item()


def test_sgd_is_gradient_descent():
    assert _run("SGD", lr=0.1) == pytest.approx(1.5 - 0.1 * sum(GRADS), rel=1e-14)


def test_sgd_maximize_goes_the_other_way():
    assert _run("SGD", lr=0.1, maximize=True) == pytest.approx(1.5 + 0.1 * sum(GRADS), rel=1e-14)


def test_sgd_momentum_weighs_old_gradients_by_powers():
    steps = [sum(0.9 ** (t - i) * GRADS[i] for i in range(t + 1)) for t in range(len(GRADS))]
    assert _run("SGD", lr=0.1, momentum=0.9) == pytest.approx(1.5 - 0.1 * sum(steps), rel=1e-13)


def test_sgd_weight_decay_alone_shrinks_geometrically():
    assert _run("SGD", [0.0] * 8, lr=0.1, weight_decay=0.5) == pytest.approx(1.5 * 0.95**8, rel=1e-13)


def test_adam_is_the_bias_corrected_mean_over_the_root_of_the_mean_square():
    beta1, beta2, lr, eps = 0.8, 0.95, 0.05, 1e-3
    p = 1.5
    for t in range(1, len(GRADS) + 1):
        mean = sum((1 - beta1) * beta1 ** (t - 1 - i) * GRADS[i] for i in range(t)) / (1 - beta1**t)
        square = sum((1 - beta2) * beta2 ** (t - 1 - i) * GRADS[i] ** 2 for i in range(t)) / (1 - beta2**t)
        p -= lr * mean / (math.sqrt(square) + eps)
    assert _run("Adam", lr=lr, betas=(beta1, beta2), eps=eps) == pytest.approx(p, rel=1e-12)


def test_adam_amsgrad_never_divides_by_less():
    p, mean, square, largest = 1.5, 0.0, 0.0, 0.0
    for t, g in enumerate(GRADS, 1):
        mean, square = 0.9 * mean + 0.1 * g, 0.5 * square + 0.5 * g * g
        largest = max(largest, square)
        p -= 0.05 * mean / (1 - 0.9**t) / (math.sqrt(largest / (1 - 0.5**t)) + 1e-8)
    assert _run("Adam", lr=0.05, betas=(0.9, 0.5), amsgrad=True) == pytest.approx(p, rel=1e-12)


def test_adamw_shrinks_by_the_decay_alone():
    assert _run("AdamW", [0.0] * 6, lr=0.1, weight_decay=0.3) == pytest.approx(1.5 * 0.97**6, rel=1e-13)


def test_rmsprop_divides_by_the_root_of_the_mean_square():
    p, square = 1.5, 0.0
    for g in GRADS:
        square = 0.9 * square + 0.1 * g * g
        p -= 0.05 * g / (math.sqrt(square) + 1e-8)
    assert _run("RMSprop", lr=0.05, alpha=0.9) == pytest.approx(p, rel=1e-12)


def test_adagrad_divides_by_the_root_of_the_sum():
    p = 1.5
    for t, g in enumerate(GRADS):
        total = 0.1 + sum(h * h for h in GRADS[: t + 1])
        p -= 0.05 / (1 + 0.2 * t) * g / (math.sqrt(total) + 1e-10)
    assert _run("Adagrad", lr=0.05, lr_decay=0.2, initial_accumulator_value=0.1) == pytest.approx(
        p, rel=1e-12
    )


def test_rprop_leaves_out_the_step_after_a_turn():
    # Signs + - + + -, etas (1/2, 2): turns at steps 2, 3 (whose predecessor counts as zero: no turn), ...
    size, p, previous = 0.1, 1.5, 0.0
    for g in GRADS:
        product = previous * g
        size *= 2.0 if product > 0 else 0.5 if product < 0 else 1.0
        previous = 0.0 if product < 0 else g
        p -= math.copysign(size, previous) if previous else 0.0
    assert _run("Rprop", lr=0.1, etas=(0.5, 2.0)) == pytest.approx(p, rel=1e-13)


def test_asgd_averages_from_t0_on():
    p = unison.tensor([1.5], dtype=unison.float64, requires_grad=True)
    opt = unison.optim.ASGD([p], lr=0.1, lambd=0.0, alpha=0.0, t0=2.0)
    values = []
    for grad in GRADS:
        p.grad = unison.tensor([grad], dtype=unison.float64)
        opt.step()
        values.append(p.item())
    # The weight of step t is 1 / max(1, t - 1 - t0): the average starts over until step 4.
    assert opt.state[p]["ax"].item() == pytest.approx((values[3] + values[4]) / 2, rel=1e-7)


@pytest.mark.parametrize(
    ("name", "kwargs", "steps"),
    [
        ("SGD", {"lr": 0.1, "momentum": 0.5}, 100),
        ("Adam", {"lr": 0.1}, 400),
        ("AdamW", {"lr": 0.1, "weight_decay": 0.0}, 400),
        ("RMSprop", {"lr": 0.01}, 600),
        ("Adagrad", {"lr": 1.0}, 300),
        ("Adadelta", {"lr": 5.0}, 1500),
        ("Adamax", {"lr": 0.2}, 300),
        ("NAdam", {"lr": 0.1}, 400),
        ("RAdam", {"lr": 0.1}, 400),
        ("Rprop", {}, 60),
        ("ASGD", {"lr": 0.2}, 200),
    ],
)
def test_optimizer_finds_the_minimum_of_a_bowl(name, kwargs, steps):
    p = unison.tensor([3.0, -2.0], requires_grad=True)
    target, curvature = unison.tensor([1.0, 0.5]), unison.tensor([1.0, 3.0])
    opt = getattr(unison.optim, name)([p], **kwargs)
    for _ in range(steps):
        opt.zero_grad()
        ((p - target) * (p - target) * curvature).sum().backward()
        opt.step()
    assert p.tolist() == pytest.approx([1.0, 0.5], abs=0.03)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_minimum_of_the_rosenbrock_valley(search):
    p = unison.tensor([-1.2, 1.0], dtype=unison.float64, requires_grad=True)
    opt = unison.optim.LBFGS(
        [p], lr=1.0 if search else 0.1, max_iter=400, max_eval=1000, line_search_fn=search
    )

    def closure():
        opt.zero_grad()
        loss = (100 * (p[1] - p[0] * p[0]) ** 2 + (1 - p[0]) ** 2).sum()
        loss.backward()
        return loss

    opt.step(closure)
    assert p.tolist() == pytest.approx([1.0, 1.0], abs=1e-3)


def test_lbfgs_needs_a_closure_and_one_group_and_a_known_search():
    p, q = (unison.ones(1, requires_grad=True) for _ in range(2))
    with pytest.raises(TypeError, match="needs a closure"):
        unison.optim.LBFGS([p]).step(None)
    with pytest.raises(ValueError, match="parameter groups"):
        unison.optim.LBFGS([{"params": [p]}, {"params": [q]}])
    opt = unison.optim.LBFGS([p], line_search_fn="golden")

    def closure():
        opt.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with pytest.raises(
        RuntimeError, match="only 'strong_wolfe' is supported as line_search_fn, but got 'golden'"
    ):
        opt.step(closure)


# SGD without momentum: its first buffer is cut from the graph, as in PyTorch.
DIFFERENTIABLE = {
    "SGD": {"weight_decay": 0.1},
    "Adam": {"amsgrad": True, "weight_decay": 0.1},
    "AdamW": {"amsgrad": True},
    "RMSprop": {"centered": True, "momentum": 0.5, "eps": 1e-3},
    "Adagrad": {"weight_decay": 0.1},
    "Adadelta": {"weight_decay": 0.1},
    "Adamax": {"weight_decay": 0.1},
    "NAdam": {"decoupled_weight_decay": True, "weight_decay": 0.1},
    "RAdam": {"weight_decay": 0.1, "betas": (0.9, 0.5)},
    "Rprop": {},
    "ASGD": {"t0": 0.0, "weight_decay": 0.1},
}


def _after_three_steps(name, lr, values):
    """A number made of the parameter after three steps, whose gradients depend on values."""
    param = values * 2.0
    opt = getattr(unison.optim, name)([param], lr=lr, differentiable=True, **DIFFERENTIABLE[name])
    for factor in (1.0, 3.0, 2.0):
        param.grad = values * values * factor + values
        opt.step()
    return (param * param).sum()


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_differentiable_steps_have_the_derivative_of_finite_differences(name):
    at, h = [0.5, -0.8, 1.1], 1e-6
    values = unison.tensor(at, dtype=unison.float64, requires_grad=True)
    _after_three_steps(name, 0.05, values).backward()
    for i in range(len(at)):
        ends = []
        for sign in (1, -1):
            moved = unison.tensor(at, dtype=unison.float64)
            moved[i] += sign * h
            ends.append(_after_three_steps(name, 0.05, moved).item())
        assert values.grad[i].item() == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("name", [n for n in DIFFERENTIABLE if n not in {"Rprop", "ASGD"}])
@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_differentiable_steps_carry_the_gradient_to_lr(name):
    values = unison.tensor([0.5, -0.8, 1.1], dtype=unison.float64)
    lr = unison.tensor(0.05, dtype=unison.float64, requires_grad=True)
    _after_three_steps(name, lr, values).backward()
    ends = [_after_three_steps(name, 0.05 + h, values).item() for h in (1e-6, -1e-6)]
    assert lr.grad.item() == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


def test_complex_parameter_is_updated_as_a_pair_of_real_ones():
    z = unison.tensor([1.0 + 2.0j, -0.5j], requires_grad=True)
    pair = unison.view_as_real(z.detach()).clone().requires_grad_()
    for p, grad in (
        (z, unison.tensor([0.5 - 1.0j, 2.0 + 0.25j])),
        (pair, unison.tensor([[0.5, -1.0], [2.0, 0.25]])),
    ):
        p.grad = grad
        opt = unison.optim.Adam([p], lr=0.1, amsgrad=True, weight_decay=0.1)
        opt.step()
        opt.step()
    # The complex one is updated operator by operator, the pair in one step: roundings differ in the last place.
    np.testing.assert_array_max_ulp(unison.view_as_real(z.detach()).numpy(), pair.detach().numpy(), maxulp=2)
