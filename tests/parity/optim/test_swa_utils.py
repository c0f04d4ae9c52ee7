"""AveragedModel, its averaging functions, SWALR and update_bn, against PyTorch's."""

import copy

import numpy as np
import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")


def _models():
    ours = unison.nn.Sequential(unison.nn.Linear(3, 4), unison.nn.BatchNorm1d(4), unison.nn.Linear(4, 2))
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    ours.load_state_dict({k: unison.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def _assert_same_state(ours, theirs):
    ours, theirs = ours.state_dict(), theirs.state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        np.testing.assert_allclose(ours[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-6, err_msg=key)


def _swa(module):
    return module.optim.swa_utils


AVERAGES = {
    "default": lambda lib: {},
    "swa": lambda lib: {"avg_fn": _swa(lib).get_swa_avg_fn()},
    "swa-many": lambda lib: {"multi_avg_fn": _swa(lib).get_swa_multi_avg_fn()},
    "ema": lambda lib: {"avg_fn": _swa(lib).get_ema_avg_fn(0.9)},
    "ema-many": lambda lib: {"multi_avg_fn": _swa(lib).get_ema_multi_avg_fn(0.8)},
    "own": lambda lib: {"avg_fn": lambda average, value, number: average + value / (number + 2)},
    "buffers": lambda lib: {"use_buffers": True, "avg_fn": _swa(lib).get_ema_avg_fn(0.5)},
}


@pytest.mark.parametrize("kind", AVERAGES)
def test_averaged_model_follows_torch(kind):
    ours, theirs = _models()
    average = unison.optim.swa_utils.AveragedModel(ours, **AVERAGES[kind](unison))
    reference = torch.optim.swa_utils.AveragedModel(theirs, **AVERAGES[kind](torch))
    rng = np.random.default_rng(0)
    for _ in range(4):
        for p, q in zip(
            [*ours.parameters(), ours[1].running_mean],
            [*theirs.parameters(), theirs[1].running_mean],
            strict=True,
        ):
            noise = rng.standard_normal(tuple(q.shape)).astype(np.float32)
            with unison.no_grad(), torch.no_grad():
                p.add_(unison.from_numpy(noise.copy()))
                q.add_(torch.from_numpy(noise.copy()))
        average.update_parameters(ours)
        reference.update_parameters(theirs)
        _assert_same_state(average, reference)


def test_update_bn_follows_torch():
    ours, theirs = _models()
    batches = [np.random.default_rng(i).standard_normal((5, 3)).astype(np.float32) for i in range(4)]
    ours.eval(), theirs.eval()
    unison.optim.swa_utils.update_bn([unison.from_numpy(b.copy()) for b in batches], ours)
    torch.optim.swa_utils.update_bn([(torch.from_numpy(b.copy()), 0) for b in batches], theirs)
    _assert_same_state(ours, theirs)
    assert not ours.training
    assert ours[1].momentum == theirs[1].momentum == 0.1


@pytest.mark.parametrize(
    "kwargs", [{}, {"anneal_epochs": 0}, {"anneal_strategy": "linear", "anneal_epochs": 7}]
)
@pytest.mark.parametrize("swa_lr", [0.02, [0.3, 0.001]])
def test_swalr_follows_torch(swa_lr, kwargs):
    made = []
    for lib in (unison, torch):
        params = [lib.zeros(1, requires_grad=True) for _ in range(2)]
        opt = lib.optim.SGD([{"params": params[0]}, {"params": params[1], "lr": 0.1}], lr=0.05)
        made.append((opt, lib.optim.swa_utils.SWALR(opt, copy.copy(swa_lr), **kwargs)))
    for step in range(15):
        for opt, sched in made:
            opt.step()
            sched.step()
        assert made[0][1].get_last_lr() == pytest.approx(made[1][1].get_last_lr(), rel=1e-12), step
    ours, theirs = made[0][1].state_dict(), made[1][1].state_dict()
    assert set(ours) == set(theirs)
    assert {k: ours[k] for k in ours if k != "_last_lr"} == {k: theirs[k] for k in theirs if k != "_last_lr"}
