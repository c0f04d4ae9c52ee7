"""In-place writes through views: values and gradients as PyTorch has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")


def write_a_row(t: Any, x: Any, w: Any) -> Any:
    y = x * 2
    y[1].mul_(w[1])
    return y * w


def write_the_base_then_use_the_view(t: Any, x: Any, w: Any) -> Any:
    y = x * 2
    row = y[0]
    y.mul_(w)
    return row * 3 + y.sum()


def write_a_view_of_a_view(t: Any, x: Any, w: Any) -> Any:
    y = x + 0
    y.t()[1:].select(1, 0).add_(w[0, 1:] * 5)
    return y * y.detach()


def write_overlapping_views_in_turn(t: Any, x: Any, w: Any) -> Any:
    y = x * 1
    left, right = y[:, :2], y[:, 1:]
    left.mul_(w[:, :2])
    right.add_(left.detach().clone())
    left *= 2
    return y * left.sum()


def write_a_tracked_row_into_an_untracked_base(t: Any, x: Any, w: Any) -> Any:
    y = t.zeros(2, 3, dtype=t.float64)
    view = y[0]
    view.copy_(x[1])
    y[1] = w[0] * 2
    return y * 3 + view


def overwrite_a_part(t: Any, x: Any, w: Any) -> Any:
    y = x * 2
    y[:, 1] = 4.0
    return y * w


def reshape_flatten_and_diagonal(t: Any, x: Any, w: Any) -> Any:
    y = x * w
    y.view(-1)[::2].mul_(3)
    y.diagonal().add_(x[0, :2])
    return y.reshape(3, 2).t() * 2


def write_several_views_made_before(t: Any, x: Any, w: Any) -> Any:
    y = x * 1
    rows = [y[0], y[1]]
    rows[0].add_(w[1])
    rows[1].mul_(w[0])
    return rows[0] * 2 + rows[1] + y[0]


def write_by_advanced_indices(t: Any, x: Any, w: Any) -> Any:
    y = x * 2
    y[t.tensor([0, 1]), t.tensor([2, 0])] = w[0, :2]
    y[y > 1.5] *= 2
    return y


def detach_and_write(t: Any, x: Any, w: Any) -> Any:
    y = x * 2
    y.detach()[0].zero_()
    return y + w


def unsqueeze_and_expand(t: Any, x: Any, w: Any) -> Any:
    y = x.sum(0)
    z = y.unsqueeze(0)
    z.mul_(w[:1])
    return y.expand(2, 3) * x


PROGRAMS = [
    write_a_row,
    write_the_base_then_use_the_view,
    write_a_view_of_a_view,
    write_overlapping_views_in_turn,
    write_a_tracked_row_into_an_untracked_base,
    overwrite_a_part,
    reshape_flatten_and_diagonal,
    write_several_views_made_before,
    write_by_advanced_indices,
    detach_and_write,
    unsqueeze_and_expand,
]


def run(t: Any, program: Callable[..., Any]) -> list[Any]:
    x = t.tensor([[0.3, -0.5, 0.7], [1.1, 0.2, -0.4]], dtype=t.float64, requires_grad=True)
    w = t.tensor([[0.9, 1.5, -2.0], [0.5, 3.0, 0.25]], dtype=t.float64, requires_grad=True)
    out = program(t, x, w)
    gx, gw = t.autograd.grad((out * out).sum(), (x, w), create_graph=True, allow_unused=True)
    second = None
    if gx is not None and gx.requires_grad:
        (second,) = t.autograd.grad((gx * gx).sum(), x, allow_unused=True)
    return [None if v is None else v.tolist() for v in (out, gx, gw, second)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_program_agrees(program: Callable[..., Any]) -> None:
    ours, theirs = run(unison, program), run(torch, program)
    for name, a, b in zip(("value", "x.grad", "w.grad", "second"), ours, theirs, strict=True):
        if b is None or a is None:
            assert a is b, name
        else:
            torch.testing.assert_close(torch.tensor(a), torch.tensor(b), rtol=1e-12, atol=1e-12, msg=name)


def _saved_then_written(t: Any, x: Any) -> Any:
    y = x * 1
    z = (y * y).sum()
    y[0, 0] = 3.0
    z.backward()


def _neighbour_written(t: Any, x: Any) -> Any:
    y = x * 1
    first, second = y[0], y[1]
    second.mul_(first)
    (first + second).sum().backward()


REFUSED = {
    "row of a leaf": lambda t, x: x[0].add_(1),
    "view of a view of a leaf": lambda t, x: x.t()[0].zero_(),
    "item of a leaf": lambda t, x: x.__setitem__(0, 1.0),
    "saved, then written through a view": _saved_then_written,
    "saved, then its neighbour in memory written": _neighbour_written,
    "shape that does not fit the view": lambda t, x: (x * 1)[0].add_(t.ones(2, 3)),
    "expanded memory": lambda t, x: t.zeros(1, 3).expand(2, 3).add_(t.ones(2, 3)),
    "expanded memory, detached": lambda t, x: t.zeros(1, 3).expand(2, 3).detach().add_(t.ones(2, 3)),
    "expanded memory, by data": lambda t, x: t.zeros(1, 3).expand(2, 3).data.mul_(2),
    "expanded leaf": lambda t, x: t.zeros(1, 3).expand(2, 3).requires_grad_().detach().mul_(2),
}


@pytest.mark.parametrize("program", REFUSED.values(), ids=REFUSED)
def test_both_refuse_with_the_same_class(program: Callable[..., Any]) -> None:
    for t in (torch, unison):
        x = t.ones(2, 3, requires_grad=True)
        with pytest.raises(RuntimeError):
            program(t, x)
