"""The variant that records the region, with placeholders for the tensors that its nodes save."""

import contextlib
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import unison
from unison.autograd.graph import saved_tensors_hooks
from unison.utils.checkpoint.random_state import RandomState

__all__ = ["CheckpointError", "ContextFn", "Region", "noop_context_fn"]

ContextFn = Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]]


class CheckpointError(RuntimeError):
    """The function did something else when it was run again."""


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two contexts that do nothing: the default for `context_fn`."""
    return contextlib.nullcontext(), contextlib.nullcontext()


class _Spec(NamedTuple):
    """What must be equal in both runs."""

    shape: tuple[int, ...]
    dtype: Any
    device: Any


def _spec(tensor: Any) -> _Spec:
    return _Spec(tuple(tensor.shape), tensor.dtype, tensor.device)


class _Placeholder:
    """Stands for the index-th tensor that a region has saved; its life tells whether that is still wanted."""

    __slots__ = ("__weakref__", "index")

    def __init__(self, index: int) -> None:
        self.index = index


class _EnoughError(Exception):
    """Ends a second run that has nothing more to contribute."""


class Region:
    """One checkpointed call: how to run it again, and which tensors its nodes have asked to save."""

    early_stop = True
    checked = True
    debug = False

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        preserve: bool,
        context_fn: ContextFn,
    ) -> None:
        self._function = function
        self._inputs: _Inputs | None = None
        self._arguments = args, kwargs
        self._first, self._again = context_fn()
        self._random = RandomState(preserve)
        self._saved: list[_Spec] = []
        self._placeholders: list[weakref.ref[_Placeholder]] = []
        self._values: dict[int, Any] = {}

    def run(self) -> Any:
        """The first run; its nodes get placeholders in place of the tensors that they save."""
        args, kwargs = self._arguments
        if not unison.is_grad_enabled():
            return self._function(*args, **kwargs)
        self._inputs = _Inputs(args, kwargs)
        del self._arguments
        with saved_tensors_hooks(self._pack, self._unpack), self._first:
            return self._function(*args, **kwargs)

    def _pack(self, tensor: Any) -> _Placeholder:
        placeholder = _Placeholder(len(self._saved))
        self._saved.append(_spec(tensor))
        self._placeholders.append(weakref.ref(placeholder))
        return placeholder

    def _unpack(self, placeholder: _Placeholder) -> Any:
        if placeholder.index not in self._values:
            self._run_again()
        # Given away, so that backward frees as it goes; a second backward runs the function once more.
        return self._values.pop(placeholder.index)

    def _run_again(self) -> None:
        assert self._inputs is not None
        args, kwargs = self._inputs.get()
        found: list[_Spec] = []

        def pack(tensor: Any) -> Any:
            # Its place in the graph is that of the tensor of the first run; the second run's graph is dropped.
            tensor = tensor.detach()
            index = len(found)
            found.append(_spec(tensor))
            if index < len(self._saved) and self._placeholders[index]() is not None:
                self._values[index] = tensor
            if self.early_stop and len(found) == len(self._saved):
                raise _EnoughError
            return tensor

        hooks = saved_tensors_hooks(pack, lambda tensor: tensor)
        with (
            contextlib.suppress(_EnoughError),
            unison.enable_grad(),
            self._random.replayed(),
            hooks,
            self._again,
        ):
            self._function(*args, **kwargs)
        self._compare(found)

    def _compare(self, found: list[_Spec]) -> None:
        if len(found) < len(self._saved) or (self.checked and len(found) > len(self._saved)):
            raise self._error(
                "A different number of tensors was saved during the original forward and recomputation: "
                f"{len(self._saved)} and {len(found)}",
                found,
            )
        differing = [i for i, (a, b) in enumerate(zip(self._saved, found, strict=False)) if a != b]
        if self.checked and differing:
            raise self._error(
                "Recomputed values for the following tensors have different metadata than during the forward pass: "
                + "; ".join(
                    f"tensor {i} was {_text(self._saved[i])} and is {_text(found[i])}" for i in differing
                ),
                found,
            )

    def _error(self, text: str, found: list[_Spec]) -> CheckpointError:
        self._values.clear()
        if self.debug:
            for title, specs in (("forward", self._saved), ("recomputation", found)):
                text += f"\nSaved in {title}: " + "; ".join(map(_text, specs))
        return CheckpointError(
            f"checkpoint: {text}\nThe function must do the same when it is run again: look for state that it changes "
            "or depends on" + ("" if self.debug else "; debug=True lists the tensors")
        )


def _text(spec: _Spec) -> str:
    return f"{list(spec.shape)} {spec.dtype} on {spec.device}"


class _Inputs:
    """A region's arguments, its tensors saved as a node would save them.

    In a region within a region that lets the outer one drop them, too, and compute them again.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._names = tuple(kwargs)
        values = (*args, *kwargs.values())
        self._tensor = [isinstance(value, unison.Tensor) for value in values]
        self._others = [None if is_tensor else v for v, is_tensor in zip(values, self._tensor, strict=True)]
        tensors = [v for v, is_tensor in zip(values, self._tensor, strict=True) if is_tensor]
        self._context: Any = None
        if tensors:
            self._node = _Keep.apply(self, unison.empty(0, requires_grad=True), *tensors).grad_fn

    def keep(self, context: Any) -> None:
        self._context = context

    def get(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        tensors = iter(self._context.saved_tensors if self._context is not None else ())
        values = [
            next(tensors) if is_tensor else v for v, is_tensor in zip(self._others, self._tensor, strict=True)
        ]
        positional = len(values) - len(self._names)
        return tuple(values[:positional]), dict(zip(self._names, values[positional:], strict=True))


class _Keep(unison.autograd.Function):
    """Saves tensors for the sake of saving them; its output is not used."""

    @staticmethod
    def forward(ctx: Any, inputs: _Inputs, _recorded: Any, *tensors: Any) -> Any:
        ctx.save_for_backward(*tensors)
        inputs.keep(ctx)
        return unison.empty(0)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise AssertionError("the node that keeps a checkpoint's inputs has no gradient")
