"""autocast: which types operators run in, nesting, what is left alone."""

from __future__ import annotations

import pytest

import unison
from unison import nn


def test_products_run_in_the_half_type_and_sums_do_not(device: str) -> None:
    kind = device.split(":", maxsplit=1)[0]
    x = unison.ones(2, 2, device=device)
    with unison.autocast(kind, dtype=unison.bfloat16):
        y = x @ x
        assert y.dtype is unison.bfloat16
        assert (y + y).dtype is unison.bfloat16
        assert (y + x).dtype is unison.float32
        assert y.exp().dtype is unison.float32
        assert nn.functional.softmax(y, 1).dtype is unison.float32
        assert nn.functional.linear(x, x).dtype is unison.bfloat16
    assert (x @ x).dtype is unison.float32


def test_float64_and_other_devices_are_left_alone() -> None:
    x = unison.ones(2, 2)
    with unison.autocast("cpu"):
        assert (x.double() @ x.double()).dtype is unison.float64
        assert (x.int() + x.int()).dtype is unison.int32
    with unison.autocast("meta"):
        assert (x @ x).dtype is unison.float32


def test_inner_blocks_govern() -> None:
    x = unison.ones(2, 2)
    with unison.autocast("cpu"):
        assert unison.is_autocast_enabled("cpu")
        with unison.autocast("cpu", enabled=False):
            assert not unison.is_autocast_enabled("cpu")
            assert (x @ x).dtype is unison.float32
        with unison.autocast("cpu", dtype=unison.float16):
            assert unison.get_autocast_dtype("cpu") is unison.float16
            assert (x @ x).dtype is unison.float16
        assert (x @ x).dtype is unison.bfloat16
        with unison.autocast("meta"):
            assert (x @ x).dtype is unison.bfloat16
    assert not unison.is_autocast_enabled("cpu")
    assert unison.get_autocast_dtype("cuda") is unison.float16


def test_gradients_come_back_in_the_parameters_type() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with unison.autocast("cpu"):
        loss = model(unison.ones(5, 3)).float().pow(2).sum()
    loss.backward()
    assert {p.grad.dtype for p in model.parameters()} == {unison.float32}


def test_the_cast_of_a_parameter_is_kept_until_it_is_written() -> None:
    w = nn.Parameter(unison.ones(2, 2))
    x = unison.ones(2, 2)
    with unison.autocast("cpu"):
        assert (x @ w).sum().item() == 8
        with unison.no_grad():
            w.mul_(3)
        assert (x @ w).sum().item() == 24


def test_it_decorates() -> None:
    @unison.autocast("cpu")
    def product(x: unison.Tensor) -> unison.Tensor:
        return x @ x

    assert product(unison.ones(2, 2)).dtype is unison.bfloat16


def test_an_unknown_device_type_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"unsupported autocast device_type 'nope'.*cpu"):
        unison.autocast("nope")


def test_a_type_that_is_no_half_switches_it_off_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="Supported are float16 and bfloat16"):
        block = unison.autocast("cpu", dtype=unison.float64)
    with block:
        assert not unison.is_autocast_enabled("cpu")


def test_a_scaler_skips_steps_with_infinities_and_backs_off() -> None:
    p = nn.Parameter(unison.ones(2))
    optimizer = unison.optim.SGD([p], lr=1.0)
    scaler = unison.amp.GradScaler(init_scale=8.0, growth_interval=1)
    scaler.scale((p * unison.tensor([1.0, float("inf")])).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert p.tolist() == [1, 1]
    assert scaler.get_scale() == 4
    optimizer.zero_grad()
    scaler.scale((p * 2).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert p.tolist() == [-1, -1]
    assert scaler.get_scale() == 8


def test_misuse_of_a_scaler_is_told() -> None:
    p = nn.Parameter(unison.ones(2))
    optimizer = unison.optim.SGD([p], lr=1.0)
    scaler = unison.amp.GradScaler()
    with pytest.raises(AssertionError, match="No inf checks"):
        scaler.update()
    p.grad = unison.ones(2)
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="since the last update"):
        scaler.step(optimizer)
    with pytest.raises(ValueError, match="growth factor"):
        unison.amp.GradScaler(growth_factor=0.5)
    with pytest.raises(RuntimeError, match="source state dict is empty"):
        scaler.load_state_dict({})
