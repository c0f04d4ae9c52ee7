"""How a module's backward hooks see the gradients of its inputs and outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import unison
from unison._tensor import Tensor
from unison.autograd import Function

if TYPE_CHECKING:
    from unison.nn.modules.module import Module

__all__ = ["BackwardHooks"]

# Note [Backward hooks]
# Both ends of a module are wrapped in an identity function with a backward of its own. The one behind the
# outputs runs first: it calls the pre-hooks and keeps the gradients of the outputs. The one before the inputs
# runs when their gradients are complete: it calls the hooks with both.


class _Tap(Function):
    """The identity on several tensors; its backward passes the gradients through ``change``."""

    @staticmethod
    def forward(ctx: Any, change: Callable[[Any], Any], zeros_for_none: bool, *tensors: Tensor) -> Any:
        ctx.set_materialize_grads(zeros_for_none)
        ctx.change = change
        tapped = tuple(tensor.view_as(tensor) for tensor in tensors)
        ctx.mark_non_differentiable(
            *(tap for tap, tensor in zip(tapped, tensors, strict=True) if not tensor.requires_grad)
        )
        return tapped

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        return None, None, *ctx.change(gradients)


class BackwardHooks:
    """The backward hooks of one call of a module."""

    def __init__(self, module: Module, hooks: Sequence[Any], pre_hooks: Sequence[Any]) -> None:
        self._module = module
        self._hooks = hooks
        self._pre_hooks = pre_hooks
        self._tapped_inputs: list[int] = []
        self._tapped_outputs: list[int] = []
        self._input_count = self._output_count = 0
        self._grad_outputs: tuple[Any, ...] | None = None

    def tap_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return args with the tensors tapped, if one of them needs a gradient."""
        self._input_count = len(args)
        args, self._tapped_inputs = _tap(args, self._change_grad_inputs, zeros_for_none=True)
        return args

    def tap_output(self, result: Any) -> Any:
        """Return the module's result, a tensor or a tuple, with its tensors tapped."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                stacklevel=4,
            )
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        self._output_count = len(outputs)
        outputs, self._tapped_outputs = _tap(outputs, self._change_grad_outputs, zeros_for_none=False)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _change_grad_outputs(self, gradients: Sequence[Any]) -> Sequence[Any]:
        grad_outputs = _spread(gradients, self._tapped_outputs, self._output_count)
        for hook in self._pre_hooks:
            changed = hook(self._module, grad_outputs)
            if changed is not None:
                grad_outputs = _same_length(changed, grad_outputs, "pre hook", "grad_output")
        self._grad_outputs = grad_outputs
        if not self._tapped_inputs:
            self._run_without_inputs()
        return [grad_outputs[index] for index in self._tapped_outputs]

    def _change_grad_inputs(self, gradients: Sequence[Any]) -> Sequence[Any]:
        if self._grad_outputs is None:
            return gradients  # reached on another way than through the outputs, as in a second backward
        grad_inputs = _spread(gradients, self._tapped_inputs, self._input_count)
        for hook in self._hooks:
            changed = hook(self._module, grad_inputs, self._grad_outputs)
            if changed is not None:
                grad_inputs = _same_length(changed, grad_inputs, "hook", "grad_input")
        self._grad_outputs = None
        return [grad_inputs[index] for index in self._tapped_inputs]

    def _run_without_inputs(self) -> None:
        """No input needs a gradient, so the hooks have nothing to wait for and nothing to change."""
        if self._hooks:
            warnings.warn(
                f"Full backward hook of {type(self._module).__name__} runs with the gradients of the outputs alone, "
                "since no input of the module requires a gradient.",
                stacklevel=2,
            )
        nothing = (None,) * self._input_count
        for hook in self._hooks:
            changed = hook(self._module, nothing, self._grad_outputs)
            if changed is not None and any(element is not None for element in changed):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None "
                    "or None for all gradients."
                )
        self._grad_outputs = None


def _tap(
    values: tuple[Any, ...], change: Callable[[Any], Any], *, zeros_for_none: bool
) -> tuple[tuple[Any, ...], list[int]]:
    """Pass the tensors among values through _Tap if one needs a gradient; return all values and which were tapped."""
    where = [index for index, value in enumerate(values) if isinstance(value, Tensor)]
    if not unison.is_grad_enabled() or not any(values[index].requires_grad for index in where):
        return values, []
    tapped = list(values)
    taps = _Tap.apply(change, zeros_for_none, *(values[index] for index in where))
    for index, tensor in zip(where, taps, strict=True):
        tapped[index] = tensor
    if hasattr(values, "_make"):  # a named tuple stays one
        return values._make(tapped), where
    return tuple(tapped), where


def _spread(values: Sequence[Any], where: Sequence[int], length: int) -> tuple[Any, ...]:
    """A tuple of the given length with values at the places ``where`` and None elsewhere."""
    spread: list[Any] = [None] * length
    for index, value in zip(where, values, strict=True):
        spread[index] = value
    return tuple(spread)


def _same_length(changed: Any, gradients: tuple[Any, ...], hook: str, what: str) -> tuple[Any, ...]:
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(gradients):
        raise RuntimeError(
            f"Backward {hook} returned an invalid number of {what}, got {len(changed)}, but expected {len(gradients)}"
        )
    return changed
