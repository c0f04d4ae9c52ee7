"""The variant that is one custom Function, whose backward runs a backward of its own."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import unison
from unison.autograd.engine import running
from unison.utils.checkpoint.random_state import RandomState

__all__ = ["CheckpointFunction", "check_backward_validity", "detach_variable"]


class CheckpointFunction(unison.autograd.Function):
    """The reentrant variant: `CheckpointFunction.apply(function, preserve_rng_state, *args)`."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.function = function
        ctx.random = RandomState(preserve)
        ctx.is_tensor = [isinstance(arg, unison.Tensor) for arg in args]
        ctx.others = [None if is_tensor else arg for arg, is_tensor in zip(args, ctx.is_tensor, strict=True)]
        ctx.save_for_backward(*(arg for arg in args if isinstance(arg, unison.Tensor)))
        with unison.no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        if running.towards_targets:
            raise RuntimeError(
                "When use_reentrant=True, checkpoint is incompatible with .grad() or passing an `inputs` parameter to "
                ".backward(): it would add to the gradients of every leaf. Set use_reentrant=False, or call "
                ".backward() without `inputs`"
            )
        tensors = iter(ctx.saved_tensors)
        args = detach_variable(
            tuple(next(tensors) if is_t else v for v, is_t in zip(ctx.others, ctx.is_tensor, strict=True))
        )
        with unison.enable_grad(), ctx.random.replayed():
            outputs = ctx.function(*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (output, grad)
            for output, grad in zip(outputs, grads, strict=True)
            if isinstance(output, unison.Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        unison.autograd.backward([output for output, _ in pairs], [grad for _, grad in pairs])
        return (None, None, *(arg.grad if isinstance(arg, unison.Tensor) else None for arg in args))


def check_backward_validity(inputs: Sequence[Any]) -> None:
    """Warn when no input requires grad: what the region computes then has no gradient."""
    if not any(isinstance(value, unison.Tensor) and value.requires_grad for value in inputs):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None; use_reentrant=False does not need "
            "that",
            stacklevel=4,
        )


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same values with each tensor cut off from its graph, still requiring grad if it did.

    Raises RuntimeError when inputs is no tuple.
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"Only tuple of tensors is supported. Got unsupported input type: {type(inputs).__name__}"
        )
    return tuple(
        value.detach().requires_grad_(value.requires_grad) if isinstance(value, unison.Tensor) else value
        for value in inputs
    )
