"""Schedules against their closed forms, and the misuse of schedulers."""

import copy
import math
import warnings

import pytest

import unison
from unison.optim import lr_scheduler as schedules


def _sgd(lr=0.5, **kwargs):
    return unison.optim.SGD([unison.zeros(1, requires_grad=True)], lr=lr, **kwargs)


def _rates(sched, steps):
    rates = []
    for _ in range(steps):
        rates.append(sched.optimizer.param_groups[0]["lr"])
        sched.optimizer.step()
        sched.step()
    return rates


def _cosine(epoch):
    return 0.1 + 0.4 * (1 + math.cos(math.pi * epoch / 8)) / 2


CLOSED = {
    "StepLR": ({"step_size": 4, "gamma": 0.5}, lambda t: 0.5 * 0.5 ** (t // 4)),
    "MultiStepLR": (
        {"milestones": [3, 3, 8], "gamma": 0.5},
        lambda t: 0.5 * 0.5 ** (2 * (t >= 3) + (t >= 8)),
    ),
    "ExponentialLR": ({"gamma": 0.9}, lambda t: 0.5 * 0.9**t),
    "ConstantLR": ({"factor": 0.25, "total_iters": 6}, lambda t: 0.5 if t >= 6 else 0.125),
    "LinearLR": ({"start_factor": 0.2, "total_iters": 8}, lambda t: 0.5 * min(1.0, 0.2 + 0.1 * t)),
    "PolynomialLR": ({"total_iters": 10, "power": 2.0}, lambda t: 0.5 * max(0.0, 1 - t / 10) ** 2),
    "CosineAnnealingLR": ({"T_max": 8, "eta_min": 0.1}, _cosine),
    "CosineAnnealingWarmRestarts": ({"T_0": 8, "eta_min": 0.1}, lambda t: _cosine(t % 8)),
    "LambdaLR": ({"lr_lambda": lambda t: 1 / (1 + t)}, lambda t: 0.5 / (1 + t)),
    "MultiplicativeLR": ({"lr_lambda": lambda t: t / (t + 1)}, lambda t: 0.5 / (t + 1)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_schedule_follows_its_closed_form(name):
    kwargs, closed = CLOSED[name]
    expected = [closed(t) for t in range(30)]
    assert _rates(getattr(schedules, name)(_sgd(), **kwargs), 30) == pytest.approx(
        expected, rel=1e-9, abs=1e-15
    )


def test_cyclic_goes_up_and_down_in_straight_lines_and_momentum_against_it():
    opt = _sgd(momentum=0.5)
    sched = schedules.CyclicLR(
        opt, 0.1, 0.5, step_size_up=2, step_size_down=4, base_momentum=0.6, max_momentum=0.8
    )
    momenta = []
    opt.register_step_post_hook(lambda *_: momenta.append(opt.param_groups[0]["momentum"]))
    height = [0, 0.5, 1, 0.75, 0.5, 0.25] * 2
    assert _rates(sched, 12) == pytest.approx([0.1 + 0.4 * h for h in height])
    assert momenta == pytest.approx([0.8 - 0.2 * h for h in height])


def test_one_cycle_begins_peaks_and_ends_where_it_should():
    sched = schedules.OneCycleLR(_sgd(momentum=0.9), max_lr=1.0, total_steps=20, pct_start=0.25)
    rates = _rates(sched, 20)
    assert (rates[0], max(rates), rates[-1]) == pytest.approx((1 / 25, 1.0, 1 / 25 / 1e4))
    assert rates.index(max(rates)) == 4
    with pytest.raises(ValueError, match="Tried to step 21 times"):
        sched.step()


def test_sequence_starts_the_next_at_its_own_beginning():
    opt = _sgd()
    parts = [schedules.ConstantLR(opt, 0.1, 3), schedules.ExponentialLR(opt, 0.5)]
    rates = _rates(schedules.SequentialLR(opt, parts, [3]), 6)
    assert rates == pytest.approx([0.05, 0.05, 0.05, 0.5, 0.25, 0.125])


def test_chain_multiplies_what_its_parts_do():
    opt = _sgd()
    chain = schedules.ChainedScheduler([schedules.StepLR(opt, 2, 0.5), schedules.ExponentialLR(opt, 0.9)])
    assert _rates(chain, 8) == pytest.approx([0.5 * 0.5 ** (t // 2) * 0.9**t for t in range(8)])


def test_plateau_waits_reduces_and_cools_down():
    opt = _sgd(1.0)
    sched = schedules.ReduceLROnPlateau(opt, factor=0.5, patience=2, cooldown=2)
    rates = []
    for _ in range(12):
        sched.step(1.0)
        rates.append(opt.param_groups[0]["lr"])
    # The first value is an improvement; the third bad epoch after it reduces, then two do not count.
    assert rates == [1.0] * 3 + [0.5] * 5 + [0.25] * 4


def test_plateau_of_a_list_of_minima_asks_for_one_per_group():
    opt = _sgd(1.0)
    sched = schedules.ReduceLROnPlateau(opt, patience=0, min_lr=[0.1])
    opt.add_param_group({"params": unison.zeros(1, requires_grad=True)})
    sched.step(1.0)
    with pytest.raises(RuntimeError, match="2, but the scheduler was made with 1"):
        sched.step(1.0)


def test_tensor_lr_is_changed_in_place():
    lr = unison.tensor(0.5)
    opt = _sgd(lr)
    sched = schedules.ExponentialLR(opt, 0.5)
    opt.step()
    sched.step()
    assert opt.param_groups[0]["lr"] is lr
    assert lr.item() == 0.25
    assert sched.base_lrs[0].item() == 0.5


def test_step_before_the_optimizer_warns_once():
    sched = schedules.StepLR(_sgd(), 3)
    with pytest.warns(UserWarning, match="how-to-adjust-learning-rate"):
        sched.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sched.step()


def test_step_before_the_scheduler_is_made_does_not_count():
    opt = _sgd()
    opt.step()
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        schedules.StepLR(opt, 3).step()


def test_step_to_an_epoch_warns():
    opt = _sgd()
    sched = schedules.ExponentialLR(opt, 0.5)
    opt.step()
    with pytest.warns(UserWarning, match="deprecated") as caught:
        sched.step(3)
    assert caught[0].message.args[0] == schedules.EPOCH_DEPRECATION_WARNING
    assert opt.param_groups[0]["lr"] == 0.5**4


def test_get_lr_outside_step_warns():
    with pytest.warns(UserWarning, match="get_last_lr"):
        schedules.ExponentialLR(_sgd(), 0.5).get_lr()


def test_base_asks_for_get_lr():
    with pytest.raises(NotImplementedError, match=r"must define get_lr"):
        schedules.LRScheduler(_sgd())


def test_scheduler_of_a_user_runs():
    class Halving(schedules._LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    assert _rates(Halving(_sgd()), 3) == [0.5, 0.25, 0.125]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda o: schedules.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (
            lambda o: schedules.StepLR(o, 1, last_epoch=3),
            KeyError,
            "'initial_lr' is not specified in param_groups",
        ),
        (lambda o: schedules.LambdaLR(o, [abs, abs]), ValueError, "Expected 1 lr_lambdas"),
        (lambda o: schedules.MultiplicativeLR(o, [3]), TypeError, "should be a function, but got int"),
        (lambda o: schedules.ConstantLR(o, -1), ValueError, "between 0 and 1, but got -1"),
        (lambda o: schedules.LinearLR(o, 0), ValueError, "greater than 0 and less or equal to 1, but got 0"),
        (lambda o: schedules.LinearLR(o, 0.5, 2), ValueError, "Ending .* between 0 and 1, but got 2"),
        (lambda o: schedules.CyclicLR(o, [1, 2], 3), ValueError, "base_lr must have the same length"),
        (lambda o: schedules.CyclicLR(o, 1, 2, mode="x"), ValueError, "mode is invalid .* 'x'"),
        (lambda o: schedules.OneCycleLR(o, 1), ValueError, "either total_steps OR"),
        (lambda o: schedules.OneCycleLR(o, 1, 2.5), ValueError, "positive integer total_steps, but got 2.5"),
        (
            lambda o: schedules.OneCycleLR(o, 1, 9, pct_start=2),
            ValueError,
            "between 0 and 1 pct_start, but got 2",
        ),
        (lambda o: schedules.OneCycleLR(o, 1, 9, anneal_strategy="x"), ValueError, "instead got x"),
        (
            lambda o: schedules.CosineAnnealingWarmRestarts(o, 0),
            ValueError,
            "positive integer T_0, but got 0",
        ),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "T_mult >= 1, but got 0"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 1, 1, "x"), ValueError, "float or int eta_min"),
        (lambda o: schedules.ReduceLROnPlateau(o, factor=2), ValueError, "Factor should be < 1.0, but got 2"),
        (lambda o: schedules.ReduceLROnPlateau(o, mode="x"), ValueError, "mode x is unknown"),
        (
            lambda o: schedules.ReduceLROnPlateau(o, threshold_mode="x"),
            ValueError,
            "threshold mode x is unknown",
        ),
        (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, "expected 1 min_lrs"),
        (lambda o: schedules.SequentialLR(o, [], []), ValueError, "at least one scheduler"),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 1)], [1]),
            ValueError,
            "1 schedulers and 1",
        ),
        (lambda o: schedules.ChainedScheduler([3]), TypeError, "got 3 at index 0"),
        (
            lambda o: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(o)]),
            ValueError,
            "measured value",
        ),
        (
            lambda o: schedules.ChainedScheduler([schedules.StepLR(o, 1)], _sgd()),
            ValueError,
            "same optimizer",
        ),
    ],
)
def test_scheduler_refuses(make, error, text):
    with pytest.raises(error, match=text):
        make(_sgd(momentum=0.9))


def test_state_dict_resumes_a_sequence():
    def make():
        opt = _sgd()
        parts = [schedules.LinearLR(opt, 0.1, 1.0, 4), schedules.CosineAnnealingLR(opt, 6)]
        return schedules.SequentialLR(opt, parts, [5])

    whole = _rates(make(), 16)
    first, second = make(), make()
    begun = _rates(first, 7)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    assert begun + _rates(second, 9) == whole
