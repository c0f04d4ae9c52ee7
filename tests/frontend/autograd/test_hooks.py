"""Hooks on tensors, nodes and leaves; retained gradients; anomaly detection; hooks on what is saved."""

from __future__ import annotations

from typing import Any

import pytest

import unison
from unison.autograd.graph import saved_tensors_hooks


def leaf(*values: float) -> Any:
    return unison.tensor(values, dtype=unison.float64, requires_grad=True)


def test_a_tensor_hook_replaces_the_gradient() -> None:
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    (y * 3).sum().backward()
    assert x.grad.tolist() == [60.0]


def test_a_leaf_hook_sees_the_sum_once() -> None:
    x, seen = leaf(1.0), []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5.0]]


def test_hooks_run_in_order_until_removed() -> None:
    x = leaf(1.0)
    first = x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g * 2)
    x.sum().backward()
    assert x.grad.tolist() == [4.0]
    first.remove()
    first.remove()
    x.grad = None
    x.sum().backward()
    assert x.grad.tolist() == [2.0]


def test_a_hook_on_the_untracked_is_refused() -> None:
    with pytest.raises(RuntimeError, match="doesn't require gradient"):
        unison.ones(1).register_hook(print)


def test_a_hook_may_not_change_the_shape() -> None:
    x = leaf(1.0, 2.0)
    x.register_hook(lambda g: g[:1])
    with pytest.raises(RuntimeError, match=r"changed the size.*\[2\] to \[1\]"):
        x.sum().backward()


def test_node_hooks_see_and_replace() -> None:
    x, seen = leaf(3.0), []
    y = x * x
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 2,))

    def after(inputs: Any, outputs: Any) -> Any:
        seen.append((len(inputs), outputs[0].item()))
        return tuple(None if g is None else g * 10 for g in inputs)

    y.grad_fn.register_hook(after)
    y.sum().backward()
    assert seen == [(2, 2.0)]
    assert x.grad.tolist() == [120.0]


def test_post_accumulate_hook_runs_after_the_gradient_is_stored() -> None:
    x, seen = leaf(1.0), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.item())))
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    assert seen == [(True, 2.0), (True, 5.0)]


def test_post_accumulate_hook_may_free_the_gradient() -> None:
    x = leaf(1.0)

    def consume(t: Any) -> None:
        with unison.no_grad():
            t -= t.grad
        t.grad = None

    x.register_post_accumulate_grad_hook(consume)
    (x * 2).sum().backward()
    assert x.grad is None
    assert x.tolist() == [-1.0]


def test_post_accumulate_hook_needs_a_leaf() -> None:
    with pytest.raises(RuntimeError, match="leaf"):
        (leaf(1.0) * 2).register_post_accumulate_grad_hook(print)


def test_retain_grad_keeps_a_middle_gradient() -> None:
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    (y * y).sum().backward()
    assert y.retains_grad
    assert y.grad.tolist() == [4.0]


def test_retain_grad_of_one_of_several_results() -> None:
    x = leaf(3.0, 1.0)
    values, _ = x.sort()
    values.retain_grad()
    (values * unison.tensor([1.0, 2.0], dtype=unison.float64)).sum().backward()
    assert values.grad.tolist() == [1.0, 2.0]
    assert x.grad.tolist() == [2.0, 1.0]


def test_retain_grad_of_the_untracked_is_refused() -> None:
    with pytest.raises(RuntimeError, match="requires_grad=False"):
        unison.ones(1).retain_grad()


def test_grad_must_fit_its_tensor() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"size|shape"):
        x.grad = unison.ones(3, dtype=unison.float64)
    with pytest.raises(TypeError):
        x.grad = 3.0


def test_anomaly_detection_names_the_operation_and_its_line() -> None:
    with unison.autograd.detect_anomaly():
        x = leaf(0.0)
        y = x.sqrt() * 0  # the gradient is 0 / 0
        with pytest.raises(
            RuntimeError, match=r"SqrtBackward0' returned nan(.|\n)*test_hooks.py(.|\n)*x.sqrt"
        ):
            y.sum().backward()
    y = leaf(0.0)
    (y.sqrt() * 0).sum().backward()
    assert y.grad.isnan().all()


def test_anomaly_detection_without_the_check() -> None:
    with unison.autograd.detect_anomaly(check_nan=False):
        x = leaf(0.0)
        (x.sqrt() * 0).sum().backward()
    assert x.grad.isnan().all()


def test_anomaly_setting_ends_with_its_block() -> None:
    from unison.autograd import anomaly

    with unison.autograd.set_detect_anomaly(True):
        assert anomaly.enabled
    assert not anomaly.enabled


def test_saved_tensors_hooks_pack_and_unpack() -> None:
    packed: list[list[float]] = []

    def pack(t: Any) -> Any:
        packed.append(t.tolist())
        return t.numpy(force=True).copy()

    x, y = leaf(2.0, 3.0), leaf(5.0, 7.0)
    with saved_tensors_hooks(pack, lambda array: unison.from_numpy(array) * 10):
        z = (x * y).sum()
    assert sorted(packed) == [[2.0, 3.0], [5.0, 7.0]]
    z.backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([50.0, 70.0], [20.0, 30.0])


def test_saved_tensors_hooks_serve_results_and_higher_orders() -> None:
    x = leaf(0.5)
    with saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
        y = x.exp()
    (g,) = unison.autograd.grad(y.sum(), x, create_graph=True)
    (gg,) = unison.autograd.grad(g.sum(), x)
    assert g.item() == gg.item() == pytest.approx(1.6487212707001282, rel=1e-12)


def test_saved_tensors_hooks_end_with_their_block() -> None:
    x = leaf(2.0)
    with saved_tensors_hooks(lambda t: pytest.fail("packed"), lambda t: t):
        pass
    (x * x).sum().backward()
    assert x.grad.item() == 4.0
