"""gradcheck and gradgradcheck: right gradients pass, wrong ones are caught."""

from __future__ import annotations

from typing import Any

import pytest

import unison
from unison.autograd import Function, gradcheck, gradgradcheck
from unison.autograd.gradient_check import GradcheckError


def leaf(*shape: int, dtype: Any = unison.float64) -> Any:
    return unison.randn(*shape, dtype=dtype).requires_grad_()


class Square(Function):
    """x * x with a gradient of `factor` * x: right for 2."""

    factor = 2.0

    @staticmethod
    def forward(ctx: Any, x: Any, factor: float = 2.0) -> Any:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x * ctx.factor, None


class CubeWithoutSecond(Function):
    """x ** 3 whose gradient is a constant to the second order."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * (3 * x * x).detach()


@pytest.mark.parametrize("fast", [False, True])
def test_right_gradients_pass(fast: bool) -> None:
    assert gradcheck(lambda a, b: ((a @ b).tanh(), a.sum()), (leaf(2, 3), leaf(3, 2)), fast_mode=fast)
    assert gradcheck(Square.apply, leaf(4), fast_mode=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_a_wrong_gradient_is_caught(fast: bool) -> None:
    with pytest.raises(GradcheckError, match=r"for output 0 with respect to input 0,\nnumerical:"):
        gradcheck(lambda x: Square.apply(x, 2.1), leaf(4), fast_mode=fast)


def test_a_wrong_gradient_gives_false_on_request() -> None:
    assert gradcheck(lambda x: Square.apply(x, -2.0), leaf(4), raise_exception=False) is False


def test_a_gradient_lost_on_the_way_is_caught() -> None:
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradcheck(lambda x: x.detach() * 3, leaf(2))


def test_only_the_wrong_one_of_two_inputs_is_named() -> None:
    with pytest.raises(GradcheckError, match="output 0 with respect to input 1"):
        gradcheck(lambda a, b: a * Square.apply(b, 3.0), (leaf(2), leaf(2)))


@pytest.mark.parametrize("fast", [False, True])
def test_complex_gradients(fast: bool) -> None:
    z = leaf(3, dtype=unison.complex128)
    assert gradcheck(lambda z: z * z.conj() + z.exp(), z, fast_mode=fast)
    assert gradcheck(lambda z: z.abs(), z, fast_mode=fast)
    assert gradcheck(lambda a, z: a * z, (leaf(3), z), fast_mode=fast)
    with pytest.raises(GradcheckError):
        gradcheck(Square.apply, z, fast_mode=fast)


def test_second_order_passes_and_a_missing_second_order_is_caught() -> None:
    assert gradgradcheck(lambda a, b: a * b.sin(), (leaf(3), leaf(3)))
    assert gradgradcheck(lambda a: a**3, leaf(3), gen_non_contig_grad_outputs=True)
    assert gradcheck(CubeWithoutSecond.apply, leaf(3))
    with pytest.raises(GradcheckError):
        gradgradcheck(CubeWithoutSecond.apply, leaf(3))


def test_second_order_with_given_vectors_and_direction() -> None:
    assert gradgradcheck(lambda a: a.exp(), leaf(3), leaf(3), fast_mode=True)


def test_a_backward_that_changes_is_caught() -> None:
    calls = [0]

    class Drifting(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            calls[0] += 1
            return g * (2 + 1e-7 * calls[0])

    with pytest.raises(GradcheckError, match="not reentrant"):
        gradcheck(Drifting.apply, leaf(2))
    assert gradcheck(Drifting.apply, leaf(2), nondet_tol=1e-3)


def test_inputs_are_put_back() -> None:
    x = leaf(3)
    before = x.detach().clone()
    gradcheck(lambda x: x.sin(), x)
    assert unison.equal(x.detach(), before)
    assert x.grad is None


def test_inputs_without_a_tracked_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(lambda x: x, unison.ones(2, dtype=unison.float64))


def test_single_precision_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="double precision"):
        gradcheck(lambda x: x * 2, leaf(2, dtype=unison.float32), eps=1e-2, atol=1e-2)


def test_shared_memory_is_refused() -> None:
    with pytest.raises(RuntimeError, match="stride 0"):
        gradcheck(lambda x: x * 2, leaf(1).expand(3))


@pytest.mark.parametrize("option", ["check_batched_grad", "check_forward_ad"])
def test_unsupported_modes_are_refused(option: str) -> None:
    with pytest.raises(NotImplementedError, match=option):
        gradcheck(lambda x: x * 2, leaf(2), **{option: True})


def test_zero_sizes_and_integer_outputs() -> None:
    assert gradcheck(lambda x: x * 2, leaf(0, 3))
    assert gradcheck(lambda x: x.max(0), leaf(3))
