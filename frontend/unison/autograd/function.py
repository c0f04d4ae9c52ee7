"""Custom functions: a forward and a backward of the user's own."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, ClassVar

from unison.autograd.graph import Node, Output, edge
from unison_core import ops, state
from unison_core.handle import Handle, alias, counter_of

__all__ = ["Context", "Function", "once_differentiable"]


class Context:
    """What `forward` passes on to `backward`; any attribute may be set on it."""

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._non_differentiable: tuple[Any, ...] = ()
        self._materialize = True
        # Weak: the node holds the context, and a cycle would keep what is saved until the collector runs.
        self._node: weakref.ref[FunctionNode] | None = None
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors, inputs or results, for `saved_tensors` in backward."""
        for t in tensors:
            if t is not None and not isinstance(t, Handle):
                raise TypeError(f"save_for_backward can only save variables, but got {type(t).__name__}")
        self._to_save = tensors

    save_for_forward = save_for_backward

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs forward wrote into."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which results have no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for results without a gradient."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`.

        Raises:
            RuntimeError: they were freed by an earlier backward, or modified since.
        """
        if self._node is None:
            return self._to_save
        node = self._node()
        if node is None:
            raise RuntimeError("the saved tensors have been freed together with the result of the function")
        return node.unpack()


class FunctionNode(Node):
    """The node of one call of a custom function."""

    __slots__ = ("attributes", "cls", "count", "ctx", "saved", "specs")
    fresh_gradients: ClassVar[bool] = False

    def unpack(self) -> tuple[Any, ...]:
        """The saved tensors, checked."""
        if self.saved is None:
            raise RuntimeError(
                f"Trying to backward through the graph a second time, but the saved tensors of {self.cls.__name__} "
                "have been freed. Pass retain_graph=True to the first backward."
            )
        return tuple(fetch(self) for fetch in self.saved)

    def apply(self, g: Any) -> tuple[Any, ...]:
        """Run the user's backward and check what it returns."""
        incoming = g if isinstance(g, tuple) else (g,)
        if self.saved is None:
            self.unpack()
        if self.ctx._materialize:
            incoming = tuple(
                _zeros(spec) if x is None else x for x, spec in zip(incoming, self.specs, strict=True)
            )
        result = self.cls.backward(self.ctx, *incoming)
        grads = result if isinstance(result, tuple) else (result,)
        extra = grads[len(self.parents) :]
        if len(grads) < len(self.parents) or any(x is not None for x in extra):
            raise RuntimeError(
                f"function {self.cls.__name__}Backward returned an incorrect number of gradients "
                f"(expected {len(self.parents)}, got {len(grads)})"
            )
        return grads

    def release(self) -> None:
        """Drop the saved tensors."""
        self.saved = None

    def name(self) -> str:
        """`<Function>Backward`."""
        return f"{self.cls.__name__}Backward"


def _zeros(spec: Any) -> Any:
    shape, dtype, device = spec
    return ops.full(shape=shape, value=0, dtype=dtype, device=device)


class Function:
    """Base class of custom functions with static `forward` and `backward`, called by `apply`.

    `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs, output)`; `backward(ctx, *grads)`
    returns one gradient per input of forward, None where there is none.
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the results.

        Raises:
            NotImplementedError: the subclass has none.
        """
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what backward needs, when forward takes no context."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Compute the gradients of the inputs.

        Raises:
            NotImplementedError: the subclass has none.
        """
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the function and record it."""
        ctx = Context()
        ctx.needs_input_grad = tuple(isinstance(x, Handle) and x.tracked for x in args)
        recording = any(ctx.needs_input_grad) and state.grad_enabled()
        before = state.set_grad(False)
        try:
            if cls.setup_context is not Function.setup_context:
                out = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, out)
            else:
                out = cls.forward(ctx, *args, **kwargs)
        finally:
            state.set_grad(before)
        return _record(cls, ctx, args, out) if recording else out


def _record(cls: type[Function], ctx: Context, args: tuple[Any, ...], out: Any) -> Any:
    node = object.__new__(FunctionNode)
    node.cls, node.ctx = cls, ctx
    node.hooks = node.trace = None
    node.parents = tuple(edge(x) if isinstance(x, Handle) else None for x in args)
    outs = out if isinstance(out, tuple) else (out,)
    fresh = tuple(_result(o, args, ctx) for o in outs)
    node.count = len(outs)
    node.specs = tuple((o.shape, o.dtype, o.device) if isinstance(o, Handle) else None for o in outs)
    node.saved = tuple(_saver(t, outs, node, fresh) for t in ctx._to_save)
    ctx._to_save = ()
    ctx._node = weakref.ref(node)
    for i, o in enumerate(fresh):
        if isinstance(o, Handle) and not any(outs[i] is x for x in ctx._non_differentiable) and _inexact(o):
            o.node = Output(node, i) if len(outs) > 1 else node
            o.tracked = True
    return fresh if isinstance(out, tuple) else fresh[0]


def _inexact(x: Any) -> bool:
    return x.dtype.is_floating_point or x.dtype.is_complex


def _result(o: Any, args: tuple[Any, ...], ctx: Context) -> Any:
    """A result that is an input unchanged becomes an alias; one that was written stays itself."""
    if isinstance(o, Handle) and any(o is x for x in args) and not any(o is x for x in ctx._dirty):
        return alias(o)
    return o


def _saver(
    t: Any, outs: tuple[Any, ...], node: FunctionNode, fresh: tuple[Any, ...]
) -> Callable[[FunctionNode], Any]:
    """How to fetch a saved tensor: results come back with their node, without holding it."""
    from unison.autograd import saved as saved_hooks

    if t is None:
        return lambda _: None
    if saved_hooks.active:
        pack, unpack = saved_hooks.active[-1]
        packed, at = pack(t), next((i for i, o in enumerate(outs) if o is t), None)
        if at is None:
            place = edge(t)
            return lambda _: saved_hooks.in_place_of(unpack(packed), place)
        single = len(outs) == 1
        return lambda n: saved_hooks.in_place_of(unpack(packed), n if single else Output(n, at))
    for i, o in enumerate(outs):
        if o is t:
            array, device, single = t.array, t.device, len(outs) == 1
            return lambda n: _restored(array, device, n if single else Output(n, i))
    counter = counter_of(t)
    version = counter[0]

    def fetch(n: FunctionNode) -> Any:
        if counter[0] != version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"{n.cls.__name__} saved a tensor at version {version}, it is now at version {counter[0]}"
            )
        return t

    return fetch


def _restored(array: Any, device: Any, node: Node) -> Any:
    from unison_core.handle import wrap

    t = wrap(array, device)
    t.node, t.tracked = node, True
    return t


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for `backward` that cannot itself be differentiated: doing so raises."""
    import functools

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grads: Any) -> Any:
        before = state.set_grad(False)
        try:
            out = backward(ctx, *grads)
        finally:
            state.set_grad(before)
        if not state.grad_enabled() or not any(isinstance(g, Handle) and g.tracked for g in grads):
            return out
        outs = out if isinstance(out, tuple) else (out,)
        refused = tuple(
            _Refuse.apply(o, *[g for g in grads if isinstance(g, Handle)]) if o is not None else None
            for o in outs
        )
        return refused if isinstance(out, tuple) else refused[0]

    return wrapped


class _Refuse(Function):
    """Passes a tensor through; its backward raises."""

    @staticmethod
    def forward(ctx: Any, x: Any, *others: Any) -> Any:  # type: ignore[override]
        """x, as a new tensor."""
        return alias(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
