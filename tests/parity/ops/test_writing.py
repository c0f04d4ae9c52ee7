"""In-place methods, `out=` and `.data`, beside PyTorch: values, gradients and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402

BOTH = (unison, torch)


def both(program: Callable[[Any], Any]) -> tuple[Any, Any]:
    return program(unison), program(torch)


IN_PLACE = {
    "abs": lambda t, x: x.abs_(),
    "add alpha": lambda t, x: x.add_(t.ones(3), alpha=2),
    "mul": lambda t, x: x.mul_(3),
    "div": lambda t, x: x.div_(2),
    "div floor": lambda t, x: x.div_(0.3, rounding_mode="floor"),
    "pow": lambda t, x: x.pow_(3),
    "square": lambda t, x: x.square_(),
    "sqrt": lambda t, x: x.sqrt_(),
    "sin": lambda t, x: x.sin_(),
    "exp": lambda t, x: x.exp_(),
    "clamp": lambda t, x: x.clamp_(min=0.6, max=1.4),
    "lerp": lambda t, x: x.lerp_(t.ones(3), 0.3),
    "addcmul": lambda t, x: x.addcmul_(t.ones(3), t.full((3,), 2.0), value=0.5),
    "addcdiv": lambda t, x: x.addcdiv_(t.ones(3), t.full((3,), 2.0), value=0.5),
    "cumsum": lambda t, x: x.cumsum_(0),
    "fill": lambda t, x: x.fill_(2.0),
    "zero": lambda t, x: x.zero_(),
    "nan_to_num": lambda t, x: x.nan_to_num_(),
    "sinc": lambda t, x: x.sinc_(),
    "copy": lambda t, x: x.copy_(t.ones(3)),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_value_and_gradient(name: str) -> None:
    def program(t: Any) -> list[list[float]]:
        leaf = t.tensor([0.5, 1.0, 1.5], requires_grad=True)
        x = leaf * 1.5
        out = IN_PLACE[name](t, x)
        assert out is x
        (x * t.tensor([1.0, 2.0, 3.0])).sum().backward()
        return [x.tolist(), leaf.grad.tolist()]

    ours, theirs = both(program)
    assert ours == [pytest.approx(row, rel=1e-6, abs=1e-7) for row in theirs]


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_refuses_leaves(name: str) -> None:
    for t in BOTH:
        with pytest.raises(RuntimeError, match="leaf Variable"):
            IN_PLACE[name](t, t.ones(3, requires_grad=True))


REFUSED = {
    "result of a higher category": lambda t: t.ones(2, dtype=t.int64).div_(2),
    "result of another shape": lambda t: t.ones(2).add_(t.ones(3, 2)),
    "composition of another shape": lambda t: t.ones(2).clamp_(t.ones(3, 2)),
    "composition of a higher category": lambda t: t.ones(2, dtype=t.int64).deg2rad_(),
    "float_power of float32": lambda t: t.ones(2).float_power_(2),
    "fill with a row": lambda t: t.ones(2).fill_(t.ones(2)),
    "out of a lower category": lambda t: t.add(t.ones(2), 1.5, out=t.ones(2, dtype=t.int64)),
    "out that requires a gradient": lambda t: t.add(t.ones(2), 1, out=t.ones(2, requires_grad=True)),
    "recorded result into out": lambda t: t.add(t.ones(2, requires_grad=True), 1, out=t.ones(2)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    for t in BOTH:
        with pytest.raises(RuntimeError):
            REFUSED[name](t)


OUT = {
    "add": lambda t, out: t.add(t.ones(2), 1, out=out),
    "sqrt": lambda t, out: t.sqrt(t.full((2,), 4.0), out=out),
    "sum": lambda t, out: t.sum(t.ones(2, 3), 1, out=out),
    "maximum": lambda t, out: t.maximum(t.tensor([-1.0, 5.0]), t.ones(2), out=out),
    "arange": lambda t, out: t.arange(2.0, out=out),
    "cumsum": lambda t, out: t.cumsum(t.ones(2), 0, out=out),
}


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_out_is_written_and_returned(name: str, dtype: str) -> None:
    def program(t: Any) -> tuple[list[float], Any]:
        out = t.full((2,), -1.0, dtype=getattr(t, dtype))
        assert OUT[name](t, out) is out
        return out.tolist(), str(out.dtype).split(".")[1]

    ours, theirs = both(program)
    assert ours == theirs


def test_out_of_several_results() -> None:
    def program(t: Any) -> Any:
        values, indices = t.empty(2), t.empty(2, dtype=t.int64)
        t.max(t.tensor([[1.0, 3.0], [5.0, 2.0]]), 1, out=(values, indices))
        return values.tolist(), indices.tolist()

    assert program(unison) == program(torch)


def test_data_takes_another_dtype() -> None:
    for t in BOTH:
        x = t.ones(2, requires_grad=True)
        x.data = t.zeros(3, dtype=t.float64)
        assert x.dtype is t.float64
        assert x.requires_grad
        assert x.tolist() == [0.0, 0.0, 0.0]


def test_data_refuses_what_is_no_tensor() -> None:
    for t in BOTH:
        with pytest.raises(TypeError):
            t.ones(2).data = [1.0, 2.0]


def test_fields_of_results() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([[3.0, 1.0, 2.0], [5.0, 5.0, 4.0]])
        low, high = t.aminmax(x)
        return [
            x.max(1).values.tolist(),
            x.sort(1).indices.tolist(),
            t.topk(x, 2).values.tolist(),
            (low.item(), high.item()),
            x.median(0).values.tolist(),
            t.frexp(x).mantissa.tolist(),
            x.unique(return_counts=True)[1].tolist(),
        ]

    assert program(unison) == program(torch)


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_default_dtype_decides(default: str) -> None:
    def program(t: Any) -> list[str]:
        t.set_default_dtype(getattr(t, default))
        try:
            made = [
                t.zeros(2),
                t.tensor([1.0]),
                t.arange(2.0),
                t.linspace(0, 1, 3),
                t.rand(2),
                t.tensor([1, 2]) / 2,
                t.tensor([1, 2]) * 2.5,
                t.sqrt(t.tensor([4])),
                t.tensor([1]) + 1j,
                t.scalar_tensor(2),
                t.full((2,), 1.5),
                t.hann_window(3),
            ]
            return [str(x.dtype).split(".")[1] for x in made]
        finally:
            t.set_default_dtype(t.float32)

    assert program(unison) == program(torch)


# Without float16: beside complex64 it gives complex32 in torch, a dtype that does not exist here.
PROMOTED = ["bool", "uint8", "int8", "int64", "bfloat16", "float32", "float64", "complex64"]


@pytest.mark.parametrize("a", PROMOTED)
@pytest.mark.parametrize("b", PROMOTED)
def test_promotion_questions(a: str, b: str) -> None:
    def program(t: Any) -> list[Any]:
        one, two = getattr(t, a), getattr(t, b)
        row, point = t.ones(2, dtype=one), t.ones((), dtype=two)
        answers = [
            t.promote_types(one, two),
            t.result_type(row, point),
            t.result_type(row, 2.5),
            t.result_type(point, row),
        ]
        return [str(x).split(".")[1] for x in answers] + [t.can_cast(one, two)]

    assert program(unison) == program(torch)


def test_closeness() -> None:
    def program(t: Any) -> list[Any]:
        a = t.tensor([1.0, float("inf"), float("nan"), -float("inf"), 1e-9])
        b = t.tensor([1.0 + 1e-6, float("inf"), float("nan"), float("inf"), 0.0])
        return [
            t.isclose(a, b).tolist(),
            t.isclose(a, b, equal_nan=True).tolist(),
            t.allclose(a[:2], b[:2]),
            t.equal(a, b),
            t.equal(a[:1], a[:1]),
            t.equal(a, a[:2]),
        ]

    assert program(unison) == program(torch)
