"""Averages of weights."""

import pytest

import unison
from unison.optim import swa_utils


def _linear(weight):
    model = unison.nn.Linear(1, 1, bias=False)
    with unison.no_grad():
        model.weight.fill_(weight)
    return model


def _averaged(values, **kwargs):
    model = _linear(values[0])
    averaged = swa_utils.AveragedModel(model, **kwargs)
    for value in values:
        with unison.no_grad():
            model.weight.fill_(value)
        averaged.update_parameters(model)
    return averaged


@pytest.mark.parametrize("kwargs", [{}, {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}])
def test_averaged_model_holds_the_mean(kwargs):
    averaged = _averaged([1.0, 2.0, 6.0], **kwargs)
    assert averaged.module.weight.item() == pytest.approx(3.0)
    assert averaged.n_averaged.item() == 3
    assert averaged(unison.ones(1, 1)).item() == pytest.approx(3.0)


@pytest.mark.parametrize(
    "kwargs",
    [{"avg_fn": swa_utils.get_ema_avg_fn(0.5)}, {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}],
)
def test_averaged_model_holds_the_exponential_mean(kwargs):
    assert _averaged([8.0, 4.0, 2.0], **kwargs).module.weight.item() == pytest.approx(4.0)


def test_averaged_model_leaves_the_model_alone():
    model = _linear(1.0)
    averaged = swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    with unison.no_grad():
        averaged.module.weight.fill_(5.0)
    assert model.weight.item() == 1.0


def test_averaged_model_takes_one_function():
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(
            _linear(1.0), avg_fn=swa_utils.get_swa_avg_fn(), multi_avg_fn=swa_utils.get_swa_multi_avg_fn()
        )


@pytest.mark.parametrize("decay", [-0.1, 1.5])
def test_ema_refuses_a_decay_outside_its_range(decay):
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match="Invalid decay value"):
            make(decay)


def test_update_bn_sets_the_statistics_of_all_data_and_restores_the_model():
    model = unison.nn.BatchNorm1d(1, momentum=0.3).eval()
    batches = [unison.tensor([[1.0], [3.0]]), (unison.tensor([[5.0], [7.0]]), "label")]
    swa_utils.update_bn(batches, model)
    assert model.running_mean.item() == pytest.approx(4.0)
    assert (model.momentum, model.training) == (0.3, False)


def test_update_bn_restores_the_model_after_an_error():
    model = unison.nn.BatchNorm1d(1, momentum=0.3).eval()
    with pytest.raises(Exception):  # noqa: B017 - whichever error the model raises
        swa_utils.update_bn([unison.ones(2, 5, 3)], model)
    assert (model.momentum, model.training) == (0.3, False)


def test_swalr_reaches_its_rate_and_stays():
    opt = unison.optim.SGD([unison.zeros(1, requires_grad=True)], lr=1.0)
    sched = swa_utils.SWALR(opt, swa_lr=0.2, anneal_epochs=4, anneal_strategy="linear")
    rates = []
    for _ in range(7):
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        sched.step()
    assert rates == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"anneal_strategy": "x"}, "anneal_strategy must be one of 'cos' or 'linear', instead got x"),
        ({"anneal_epochs": -1}, "equal or greater than 0, got -1"),
        ({"anneal_epochs": 1.5}, "equal or greater than 0, got 1.5"),
        ({"swa_lr": [0.1, 0.2]}, "swa_lr must have the same length"),
    ],
)
def test_swalr_refuses(kwargs, text):
    opt = unison.optim.SGD([unison.zeros(1, requires_grad=True)], lr=1.0)
    with pytest.raises(ValueError, match=text):
        swa_utils.SWALR(opt, **{"swa_lr": 0.1, **kwargs})
