"""The sequence of learning rates and the state_dict of every scheduler, against PyTorch's."""

import copy
import math
import warnings

import numpy as np
import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

STEPS = 40


class Growing:
    """A callable object with state, which state_dicts keep."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, epoch):
        return 1.0 + self.rate * epoch


def _half(epoch):
    return 0.5 ** (epoch // 7)


def _sequential(sched, opt, milestones):
    parts = [sched.ConstantLR(opt, 0.2, 4), sched.ExponentialLR(opt, 0.9), sched.StepLR(opt, 3, 0.5)]
    return sched.SequentialLR(opt, parts, milestones)


def _nested(sched, opt):
    inner = sched.SequentialLR(opt, [sched.LinearLR(opt, 0.3, 1.0, 5), sched.ExponentialLR(opt, 0.8)], [6])
    with warnings.catch_warnings():
        # The initial step of the inner sequence is its second, which both take for one without optimizer.step().
        warnings.simplefilter("ignore")
        return sched.SequentialLR(opt, [inner, sched.StepLR(opt, 4, 0.5)], [15])


def _by_name(name, **kwargs):
    return lambda sched, opt: getattr(sched, name)(opt, **kwargs)


SCHEDULES = {
    "lambda": _by_name("LambdaLR", lr_lambda=lambda epoch: 0.95**epoch),
    "lambda-object": _by_name("LambdaLR", lr_lambda=Growing(0.1)),
    "lambda-per-group": _by_name("LambdaLR", lr_lambda=[_half, Growing(0.2)]),
    "multiplicative": _by_name("MultiplicativeLR", lr_lambda=lambda epoch: 0.9 + 0.01 * (epoch % 3)),
    "multiplicative-per-group": _by_name("MultiplicativeLR", lr_lambda=[_half, Growing(-0.01)]),
    "step": _by_name("StepLR", step_size=3),
    "step-gamma": _by_name("StepLR", step_size=10, gamma=0.7),
    "multi-step": _by_name("MultiStepLR", milestones=[2, 5, 9]),
    "multi-step-twice": _by_name("MultiStepLR", milestones=[9, 4, 4, 30], gamma=0.3),
    "constant": _by_name("ConstantLR"),
    "constant-long": _by_name("ConstantLR", factor=0.5, total_iters=12),
    "linear": _by_name("LinearLR"),
    "linear-down": _by_name("LinearLR", start_factor=1.0, end_factor=0.1, total_iters=15),
    "exponential": _by_name("ExponentialLR", gamma=0.9),
    "polynomial": _by_name("PolynomialLR"),
    "polynomial-power": _by_name("PolynomialLR", total_iters=20, power=2.5),
    "cosine": _by_name("CosineAnnealingLR", T_max=10),
    "cosine-floor": _by_name("CosineAnnealingLR", T_max=7, eta_min=0.003),
    "warm-restarts": _by_name("CosineAnnealingWarmRestarts", T_0=6),
    "warm-restarts-longer": _by_name("CosineAnnealingWarmRestarts", T_0=3, T_mult=2, eta_min=1e-3),
    "cyclic": _by_name("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=4),
    "cyclic-per-group": _by_name(
        "CyclicLR", base_lr=[0.01, 0.02], max_lr=[0.1, 0.3], step_size_up=3, step_size_down=6
    ),
    "cyclic-2": _by_name("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=4, mode="triangular2"),
    "cyclic-exp": _by_name(
        "CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=5, mode="exp_range", gamma=0.97
    ),
    "cyclic-scale": _by_name(
        "CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=5, scale_fn=lambda x: 1 / (1 + x)
    ),
    "cyclic-scale-object": _by_name(
        "CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=5, scale_fn=Growing(0.1), scale_mode="iterations"
    ),
    "cyclic-no-momentum": _by_name(
        "CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=5, cycle_momentum=False
    ),
    "one-cycle": _by_name("OneCycleLR", max_lr=0.5, total_steps=STEPS + 1),
    "one-cycle-linear": _by_name(
        "OneCycleLR", max_lr=[0.5, 0.7], epochs=10, steps_per_epoch=5, anneal_strategy="linear", pct_start=0.4
    ),
    "one-cycle-three": _by_name(
        "OneCycleLR", max_lr=0.5, total_steps=50, three_phase=True, cycle_momentum=False
    ),
    "chained": lambda sched, opt: sched.ChainedScheduler(
        [sched.ConstantLR(opt, 0.1, 5), sched.ExponentialLR(opt, 0.95), sched.StepLR(opt, 9)], optimizer=opt
    ),
    "sequential": lambda sched, opt: _sequential(sched, opt, [5, 20]),
    "sequential-at-once": lambda sched, opt: _sequential(sched, opt, [0, 11]),
    "sequential-nested": _nested,
}

PLATEAUS = {
    "default": {},
    "patient": {"patience": 3, "factor": 0.5, "cooldown": 2},
    "max-abs": {"mode": "max", "threshold_mode": "abs", "threshold": 0.05, "patience": 1},
    "max-rel": {"mode": "max", "threshold": 0.1, "patience": 2, "min_lr": 1e-3},
    "min-abs": {"threshold_mode": "abs", "threshold": 0.2, "patience": 0, "min_lr": [0.001, 0.02]},
    "eps": {"patience": 0, "eps": 0.02},
}


def _optimizers(kind="SGD", lr=0.05):
    made = []
    for lib in (unison, torch):
        params = [lib.zeros(2, requires_grad=True) for _ in range(2)]
        kwargs = {"momentum": 0.9} if kind == "SGD" else {}
        rate = lib.tensor(lr, dtype=lib.float64) if isinstance(lr, np.ndarray) else lr
        groups = [{"params": params[0]}, {"params": params[1], "lr": copy.deepcopy(rate) * 2}]
        made.append(getattr(lib.optim, kind)(groups, lr=rate, **kwargs))
    return made


def _plain(value):
    """Tensors as numbers, and what only one side can know by name left out."""
    if isinstance(value, unison.Tensor | torch.Tensor):
        return value.item()
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k != "_scale_fn_ref"}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _assert_close(ours, theirs, where):
    assert type(ours) is type(theirs) or isinstance(ours, int | float), where
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs), where
        for key, value in theirs.items():
            _assert_close(ours[key], value, f"{where}[{key!r}]")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for i, value in enumerate(theirs):
            _assert_close(ours[i], value, f"{where}[{i}]")
    elif isinstance(theirs, float) and not math.isinf(theirs):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-15), where
    else:
        assert ours == theirs, where


def _options(opt):
    return _plain([{k: v for k, v in g.items() if k != "params"} for g in opt.state_dict()["param_groups"]])


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_follows_torch(name, kind):
    ours, theirs = _optimizers(kind)
    sched, ref = (
        SCHEDULES[name](unison.optim.lr_scheduler, ours),
        SCHEDULES[name](torch.optim.lr_scheduler, theirs),
    )
    for step in range(STEPS):
        _assert_close(_options(ours), _options(theirs), f"groups at {step}")
        _assert_close(_plain(sched.get_last_lr()), _plain(ref.get_last_lr()), f"last lr at {step}")
        for part in (ours, theirs, sched, ref):
            part.step()
    _assert_close(_plain(sched.state_dict()), _plain(ref.state_dict()), "state_dict")


@pytest.mark.parametrize("name", [n for n in SCHEDULES if not n.startswith("cyclic")])
def test_schedule_with_tensor_lr_follows_torch(name):
    ours, theirs = _optimizers("SGD", np.asarray(0.05))
    sched, ref = (
        SCHEDULES[name](unison.optim.lr_scheduler, ours),
        SCHEDULES[name](torch.optim.lr_scheduler, theirs),
    )
    rates = [group["lr"] for group in ours.param_groups]
    for step in range(STEPS):
        _assert_close(_options(ours), _options(theirs), f"groups at {step}")
        for part in (ours, theirs, sched, ref):
            part.step()
    assert all(rate is group["lr"] for rate, group in zip(rates, ours.param_groups, strict=True))


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_goes_on_from_a_state_dict_of_torch(name):
    ours, theirs = _optimizers()
    ref = SCHEDULES[name](torch.optim.lr_scheduler, theirs)
    for _ in range(STEPS // 2):
        theirs.step()
        ref.step()
    sched = SCHEDULES[name](unison.optim.lr_scheduler, ours)
    saved = copy.deepcopy(ref.state_dict())
    sched.load_state_dict(saved)
    assert saved == ref.state_dict()
    ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    for step in range(STEPS // 2):
        for part in (ours, theirs, sched, ref):
            part.step()
        _assert_close(_options(ours), _options(theirs), f"groups at {step}")


@pytest.mark.parametrize("settings", PLATEAUS)
def test_plateau_follows_torch(settings):
    ours, theirs = _optimizers()
    sched = unison.optim.lr_scheduler.ReduceLROnPlateau(ours, **PLATEAUS[settings])
    ref = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **PLATEAUS[settings])
    metrics = np.random.default_rng(1).random(STEPS) + np.maximum(0.0, 2.0 - 0.1 * np.arange(STEPS))
    for step, metric in enumerate(metrics.tolist()):
        sched.step(unison.tensor(metric, dtype=unison.float64))
        ref.step(metric)
        _assert_close(_options(ours), _options(theirs), f"groups at {step}")
    _assert_close(_plain(sched.state_dict()), _plain(ref.state_dict()), "state_dict")


CLOSED_FORMS = ["step", "step-gamma", "multi-step-twice", "constant-long", "linear-down", "exponential"]
CLOSED_FORMS += ["polynomial-power", "cosine-floor", "warm-restarts-longer", "lambda"]


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_step_to_an_epoch_follows_torch(name):
    ours, theirs = _optimizers()
    sched, ref = (
        SCHEDULES[name](unison.optim.lr_scheduler, ours),
        SCHEDULES[name](torch.optim.lr_scheduler, theirs),
    )
    for epoch in (0, 4, 9, 3, 25):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours.step(), theirs.step()
            sched.step(epoch)
            ref.step(epoch)
        _assert_close(_options(ours), _options(theirs), f"groups at epoch {epoch}")


def test_warm_restarts_between_epochs_follow_torch():
    ours, theirs = _optimizers()
    sched = unison.optim.lr_scheduler.CosineAnnealingWarmRestarts(ours, 3, 2)
    ref = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(theirs, 3, 2)
    for epoch in np.arange(0, 12, 0.25).tolist():
        sched.step(epoch)
        ref.step(epoch)
        _assert_close(_options(ours), _options(theirs), f"groups at epoch {epoch}")


@pytest.mark.parametrize(
    "name", ["cosine", "cosine-floor", "exponential", "step", "linear", "polynomial-power"]
)
def test_resumed_schedule_follows_torch(name):
    pair = _optimizers()
    for opt, sched in zip(pair, (unison.optim.lr_scheduler, torch.optim.lr_scheduler), strict=True):
        for group in opt.param_groups:
            group["initial_lr"] = group["lr"]
        keywords = {
            "cosine": ("CosineAnnealingLR", {"T_max": 10}),
            "cosine-floor": ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.003}),
        }
        keywords |= {"exponential": ("ExponentialLR", {"gamma": 0.9}), "step": ("StepLR", {"step_size": 3})}
        keywords |= {
            "linear": ("LinearLR", {}),
            "polynomial-power": ("PolynomialLR", {"total_iters": 20, "power": 2.5}),
        }
        cls, kwargs = keywords[name]
        resumed = getattr(sched, cls)(opt, last_epoch=4, **kwargs)
        for _ in range(10):
            opt.step()
            resumed.step()
    _assert_close(_options(pair[0]), _options(pair[1]), "groups")


BAD = {
    "no optimizer": lambda sched, opt: sched.StepLR("sgd", 3),
    "plateau without optimizer": lambda sched, opt: sched.ReduceLROnPlateau("sgd"),
    "cyclic without optimizer": lambda sched, opt: sched.CyclicLR("sgd", 0.1, 0.2),
    "one-cycle without optimizer": lambda sched, opt: sched.OneCycleLR("sgd", 0.1, 5),
    "resumed": lambda sched, opt: sched.StepLR(opt, 3, last_epoch=2),
    "lambda count": lambda sched, opt: sched.LambdaLR(opt, [_half]),
    "multiplicative count": lambda sched, opt: sched.MultiplicativeLR(opt, [_half] * 3),
    "multiplicative no function": lambda sched, opt: sched.MultiplicativeLR(opt, [0.1, 0.2]),
    "constant factor": lambda sched, opt: sched.ConstantLR(opt, 1.5),
    "linear start": lambda sched, opt: sched.LinearLR(opt, start_factor=0),
    "linear end": lambda sched, opt: sched.LinearLR(opt, end_factor=2),
    "T_0": lambda sched, opt: sched.CosineAnnealingWarmRestarts(opt, 0),
    "T_mult": lambda sched, opt: sched.CosineAnnealingWarmRestarts(opt, 2, 1.5),
    "eta_min": lambda sched, opt: sched.CosineAnnealingWarmRestarts(opt, 2, 1, "x"),
    "negative epoch": lambda sched, opt: sched.CosineAnnealingWarmRestarts(opt, 2).step(-1),
    "base_lr count": lambda sched, opt: sched.CyclicLR(opt, [0.1], 0.2),
    "cyclic mode": lambda sched, opt: sched.CyclicLR(opt, 0.1, 0.2, mode="square"),
    "total_steps": lambda sched, opt: sched.OneCycleLR(opt, 0.1, total_steps=-3),
    "epochs": lambda sched, opt: sched.OneCycleLR(opt, 0.1, epochs=0, steps_per_epoch=3),
    "steps_per_epoch": lambda sched, opt: sched.OneCycleLR(opt, 0.1, epochs=2, steps_per_epoch=1.5),
    "no steps": lambda sched, opt: sched.OneCycleLR(opt, 0.1),
    "pct_start": lambda sched, opt: sched.OneCycleLR(opt, 0.1, 10, pct_start=1.5),
    "anneal_strategy": lambda sched, opt: sched.OneCycleLR(opt, 0.1, 10, anneal_strategy="square"),
    "over": lambda sched, opt: [s := sched.OneCycleLR(opt, 0.1, 2)] + [s.step() for _ in range(3)],
    "factor": lambda sched, opt: sched.ReduceLROnPlateau(opt, factor=1.0),
    "mode": lambda sched, opt: sched.ReduceLROnPlateau(opt, mode="best"),
    "threshold mode": lambda sched, opt: sched.ReduceLROnPlateau(opt, threshold_mode="other"),
    "min_lr count": lambda sched, opt: sched.ReduceLROnPlateau(opt, min_lr=[0.1]),
    "no schedulers": lambda sched, opt: sched.SequentialLR(opt, [], []),
    "nothing to chain": lambda sched, opt: sched.ChainedScheduler([]),
    "sequence of strings": lambda sched, opt: sched.SequentialLR(opt, ["a", "b"], [1]),
    "milestones": lambda sched, opt: sched.SequentialLR(opt, [sched.StepLR(opt, 1)], [3]),
    "plateau in sequence": lambda sched, opt: sched.SequentialLR(opt, [sched.ReduceLROnPlateau(opt)], []),
    "plateau in chain": lambda sched, opt: sched.ChainedScheduler([sched.ReduceLROnPlateau(opt)]),
    "other optimizer": lambda sched, opt: sched.SequentialLR(copy.deepcopy(opt), [sched.StepLR(opt, 1)], []),
}


@pytest.mark.parametrize("case", BAD)
def test_scheduler_refuses_what_torch_refuses(case):
    ours, theirs = _optimizers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as expected:
            BAD[case](torch.optim.lr_scheduler, theirs)
        with pytest.raises(expected.type) as raised:
            BAD[case](unison.optim.lr_scheduler, ours)
    assert raised.type is expected.type
    assert str(raised.value)


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_cycle_momentum_needs_a_momentum(name):
    for lib in (unison, torch):
        opt = lib.optim.Rprop([lib.zeros(1, requires_grad=True)])
        args = (0.1, 0.2) if name == "CyclicLR" else (0.1, 10)
        with pytest.raises(ValueError, match="must support momentum or beta1"):
            getattr(lib.optim.lr_scheduler, name)(opt, *args)


@pytest.mark.parametrize("name", torch.optim.lr_scheduler.__all__)
def test_scheduler_has_the_signature_of_torch(name):
    import inspect

    ours = inspect.signature(getattr(unison.optim.lr_scheduler, name).__init__)
    theirs = inspect.signature(getattr(torch.optim.lr_scheduler, name).__init__)
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]
