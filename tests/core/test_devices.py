"""Devices: names, identity, defaults, and tensors that do not meet."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

import unison


def test_devices_are_interned() -> None:
    assert unison.device("cpu") is unison.device("cpu") is unison.device(unison.device("cpu"))
    assert unison.device("strict", 0) is unison.device("strict:0")
    assert pickle.loads(pickle.dumps(unison.device("strict:0"))) is unison.device("strict:0")


def test_an_unknown_device_names_the_known_ones() -> None:
    with pytest.raises(RuntimeError, match=r"no device type 'nope'.*cpu.*meta"):
        unison.device("nope")
    with pytest.raises(RuntimeError, match="'nope'"):
        unison.ones(2, device="nope")
    with pytest.raises(RuntimeError, match="'nope'"):
        unison.ones(2).to("nope:1")


@pytest.mark.parametrize("text", ["", "cpu:", "cpu:x", "cpu:-1", ":0", "c pu", "cpu:0:0"])
def test_text_that_is_no_device_name(text: str) -> None:
    with pytest.raises(RuntimeError, match="Invalid device string"):
        unison.device(text)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        unison.ones(1, device=1.5)


def test_an_index_beyond_the_last_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"no device 'strict:9'.*device\(s\)"):
        unison.ones(1, device="strict:9")


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: a + b,
        lambda a, b: a @ b,
        lambda a, b: unison.where(a > 0, a, b),
        lambda a, b: unison.cat([a, b]),
        lambda a, b: a.add_(b),
        unison.nn.functional.linear,
    ],
    ids=["add", "matmul", "where", "cat", "add_", "linear"],
)
def test_devices_that_do_not_match(call: Any) -> None:
    a, b = unison.ones(2, 2), unison.ones(2, 2, device="strict:0")
    with pytest.raises(RuntimeError, match=r"one device.*on cpu.*on strict:0.*\.to\("):
        call(a, b)
    assert a.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert a._version == 0


def test_a_host_tensor_without_dimensions_joins_any_device() -> None:
    out = unison.ones(2, device="strict:0") * unison.tensor(3.0)
    assert str(out.device) == "strict:0"
    assert out.cpu().tolist() == [3.0, 3.0]


def test_a_block_sets_the_device_of_its_thread() -> None:
    seen: list[str] = []
    with unison.device("strict:0"):
        assert str(unison.ones(1).device) == "strict:0"
        with unison.device("cpu"):
            assert str(unison.ones(1).device) == "cpu"
        thread = threading.Thread(target=lambda: seen.append(str(unison.ones(1).device)))
        thread.start()
        thread.join()
    assert (seen, str(unison.ones(1).device)) == (["cpu"], "cpu")


def test_gradients_cross_devices() -> None:
    x = unison.ones(2, requires_grad=True)
    (x.to("strict:0") * 3).sum().backward()
    assert (str(x.grad.device), x.grad.tolist()) == ("cpu", [3.0, 3.0])
