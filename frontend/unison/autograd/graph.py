"""The graph: nodes, and the recorder that the dispatcher calls when an input requires a gradient.

# Note [Graph]
A node stands for one recorded call. It holds its parents' nodes (or leaf tensors), not the tensors in between, so
those die as soon as the program drops them; and what the gradient rule declared to need (`unison_core.saving`).
Results are saved as bare arrays, since a saved result tensor would hold the node that holds it. An operator with
several results has one node; each result gets a small `Output` node in front of it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from unison.autograd import anomaly
from unison.autograd import saved as saved_hooks
from unison.autograd.saved import saved_tensors_hooks
from unison_core import state
from unison_core.dispatch.promotion import INEXACT
from unison_core.handle import Handle, alias, counter_of, wrap
from unison_core.saving import NOTHING, SPEC, VALUE, KeepOut

__all__ = ["Node", "OpNode", "Output", "Through", "edge", "record", "saved_tensors_hooks"]

_new = object.__new__


class Node:
    """One step of the graph. Subclasses say how a gradient passes through it."""

    __slots__ = ("__weakref__", "hooks", "parents", "trace")

    parents: tuple[Any, ...]
    """For each input the node, the leaf tensor, or None where no gradient is wanted."""
    hooks: Any
    """None, or a `NodeHooks`."""
    trace: Any
    """Where it was recorded, if anomaly detection is on."""
    fresh_gradients: ClassVar[bool] = True
    """Whether the gradients it returns are nobody else's memory (unless they alias the incoming one)."""

    def apply(self, g: Any) -> tuple[Any, ...]:
        """The gradients of the inputs, given the gradient (or, of several results, a tuple) of the output."""
        raise NotImplementedError

    def release(self) -> None:
        """Drop what was saved; a second backward then says so."""

    def name(self) -> str:
        """Its name as `grad_fn` shows it."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The parents, as torch lists them: (node, number of its output)."""
        return tuple(_as_next(p) for p in self.parents)

    def register_hook(self, hook: Any) -> Any:
        """Call hook(grad_inputs, grad_outputs) after each pass through the node."""
        from unison.autograd.hooks import add_node_hook

        return add_node_hook(self, hook, before=False)

    def register_prehook(self, hook: Any) -> Any:
        """Call hook(grad_outputs) before each pass through the node."""
        from unison.autograd.hooks import add_node_hook

        return add_node_hook(self, hook, before=True)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


def _as_next(parent: Any) -> tuple[Any, int]:
    if parent is None:
        return (None, 0)
    if isinstance(parent, Handle):
        from unison.autograd.accumulate import AccumulateGrad

        return (AccumulateGrad(parent), 0)
    if isinstance(parent, Output):
        return (parent.source, parent.index)
    return (parent, 0)


class Through(Node):
    """Passes the gradient on to a leaf: the node of a tensor that stands in for it."""

    __slots__ = ()
    fresh_gradients: ClassVar[bool] = False

    def __init__(self, leaf: Any) -> None:
        self.parents = (leaf,)
        self.hooks = None
        self.trace = None

    def apply(self, g: Any) -> tuple[Any, ...]:
        """The gradient itself."""
        return (g,)


class OpNode(Node):
    """A recorded operator call."""

    __slots__ = ("attrs", "count", "expected", "op", "out", "saved", "shapes")

    def apply(self, g: Any) -> tuple[Any, ...]:
        """Run the operator's gradient rule."""
        saved = self.saved
        out = self.out
        if self.expected is not None:
            if self.expected != _versions(saved, out):
                self._refuse_modified()
            if out is not None:
                out = self._rebuild(out)
        elif saved is _RELEASED:
            raise RuntimeError(
                "Trying to backward through the graph a second time, but the saved values of "
                f"{self.op.name} have been freed. Pass retain_graph=True to the first backward."
            )
        elif saved.__class__ is saved_hooks.Packed:
            saved, out = saved.unpack(self)
        attrs = self.attrs
        grads = self.op.vjp(g, out, *saved, **attrs) if attrs else self.op.vjp(g, out, *saved)
        if grads.__class__ is not tuple:
            grads = (grads,)
        shapes = self.shapes
        return grads if shapes is None else _unbroadcast(grads, shapes, self.parents)

    def _refuse_modified(self) -> None:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"a tensor that {self.op.name} saved was written {_versions(self.saved, self.out) - self.expected} time(s) "
            "since. Clone it before it is modified, or use an out-of-place operator."
        )

    def _rebuild(self, out: Any) -> Any:
        """The result as a tensor again, in its place in the graph, for higher orders."""
        array, device, _ = out
        if array.__class__ is tuple:
            return tuple(
                None if a is None else _restore(a, device, Output(self, i)) for i, a in enumerate(array)
            )
        return _restore(array, device, self)

    def release(self) -> None:
        """Drop what was saved."""
        if self.expected is not None or self.saved.__class__ is saved_hooks.Packed:
            self.saved = _RELEASED
            self.out = self.expected = None

    def name(self) -> str:
        """`MulBackward0` of mul, as torch writes it."""
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward0"


def _versions(saved: Any, out: Any) -> int:
    """The sum of the write counters of everything saved: it only grows, so equal sums mean nothing was written."""
    total = 0
    for x in saved:
        if x is not None and x.counter is not None:
            total += x.counter[0]
    return total if out is None else total + out[2][0]


class Ghost:
    """What is left of a saved input whose rule needs only its shape and dtype."""

    __slots__ = ("device", "native", "shape", "tracked")
    counter = None

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self.device.backend._dtype_of[self.native]


class Output(Node):
    """One of several results of a node."""

    __slots__ = ("index", "source")

    def __init__(self, source: Node, index: int) -> None:
        self.source = source
        self.index = index
        self.parents = (source,)
        self.hooks = None
        self.trace = None

    def name(self) -> str:
        """The name of the node it belongs to."""
        return self.source.name()


_RELEASED: Any = ()
_BLANKS = ((), (None,), (None, None))


def _restore(array: Any, device: Any, node: Node) -> Any:
    t = wrap(array, device)
    if state.grad_enabled():
        t.tracked = True
        t.node = node
    return t


def _unbroadcast(
    grads: tuple[Any, ...], shapes: tuple[Any, ...], parents: tuple[Any, ...]
) -> tuple[Any, ...]:
    from unison_core.ops._shared import sum_to

    return tuple(
        None if g is None or p is None else (g if g.array.shape == s else sum_to(g, tuple(s)))
        for g, s, p in zip(grads, shapes, parents, strict=True)
    )


def edge(x: Any) -> Any:
    """Where x's gradient goes: its node, itself if a leaf, None if it is not tracked."""
    if not x.tracked:
        return None
    if x.base is not None:
        from unison.autograd.views import refreshed

        return refreshed(x) or x
    return x.node or x


def record(  # noqa: C901, PLR0912, PLR0915 - written out: it runs per operator call
    op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any] | None, out: Any
) -> None:
    """Give `out` (a tensor or tuple of tensors) its node, unless recording is off."""
    if state.grad_disabled and not state.local.grad:
        return
    node = _new(OpNode)
    node.op = op
    node.attrs = attrs
    node.hooks = node.expected = node.out = node.shapes = None
    plan = op.saving
    if plan.two is not None and inputs[1] is not None:
        a, b = inputs
        ta, tb = a.tracked, b.tracked
        node.parents = (
            ((a.node or a) if a.base is None else edge(a)) if ta else None,
            ((b.node or b) if b.base is None else edge(b)) if tb else None,
        )
        keep, keep_out = plan.two[ta * 2 + tb]
        if op.elementwise:
            sa = a.array.shape
            sb = b.array.shape
            if sa != sb:
                node.shapes = (sa, sb)
        if keep is None:
            node.saved = _BLANKS[2]
        elif keep == _SECOND:
            node.saved = (None, b)
            node.expected = 0 if b.counter is None else b.counter[0]
        else:
            _keep(node, inputs, keep)
    elif plan.one is not None:
        x = inputs[0]
        node.parents = (((x.node or x) if x.base is None else edge(x)),)
        keep, keep_out = plan.one
        if keep is None:
            node.saved = _BLANKS[1]
        elif keep[0] == SPEC:
            node.saved = (_ghost(x),)
        else:
            _keep(node, inputs, keep)
    else:
        keep_out = _record_many(node, op, inputs)
    if out.__class__ is tuple:
        _attach_outputs(node, out, keep_out)
    else:
        out.node = node
        out.tracked = True
        if keep_out:
            counter = out.counter
            if counter is None:
                counter = out.counter = [0]
            node.out = (out.array, out.device, counter)
            node.expected = (node.expected or 0) + counter[0]
    if saved_hooks.active:
        saved_hooks.pack(node)
    if anomaly.enabled:
        node.trace = anomaly.stack()


_SECOND = (NOTHING, VALUE)


def _record_many(node: OpNode, op: Any, inputs: tuple[Any, ...]) -> KeepOut:
    """The parents and saved inputs of a call with any number of inputs; returns what to keep of the result."""
    node.parents = parents = tuple([None if x is None or not x.tracked else edge(x) for x in inputs])
    if op.elementwise:
        node.shapes = tuple([() if x is None else x.array.shape for x in inputs])
    keep, keep_out = op.saving.of(tuple([p is not None for p in parents]))
    if keep is None:
        node.saved = (None,) * len(inputs)
    else:
        _keep(node, inputs, keep)
    return keep_out


def _keep(node: OpNode, inputs: tuple[Any, ...], keep: tuple[int, ...]) -> None:
    saved = []
    expected = None
    for x, what in zip(inputs, keep, strict=True):
        if what == NOTHING or x is None:
            saved.append(None)
        elif what == VALUE:
            saved.append(x)
            counter = x.counter
            expected = (expected or 0) + (0 if counter is None else counter[0])
        else:
            saved.append(_ghost(x))
    node.saved = tuple(saved)
    node.expected = expected


def _ghost(x: Any) -> Ghost:
    ghost = _new(Ghost)
    array = x.array
    ghost.shape = array.shape
    ghost.native = array.dtype
    ghost.device = x.device
    ghost.tracked = x.tracked
    return ghost


def _attach_outputs(node: OpNode, out: tuple[Any, ...], keep_out: KeepOut) -> None:
    node.count = len(out)
    for i, o in enumerate(out):
        if o.array.dtype in INEXACT:
            o.node = Output(node, i)
            o.tracked = True
    if keep_out:
        kept = range(len(out)) if keep_out is True else keep_out
        arrays = tuple(o.array if i in kept else None for i, o in enumerate(out))
        node.out = (arrays, out[0].device, _Sum([counter_of(out[i]) for i in kept]))
        node.expected = (node.expected or 0) + node.out[2][0]


class _Sum:
    """Several counters that read like one."""

    __slots__ = ("counters",)

    def __init__(self, counters: list[list[int]]) -> None:
        self.counters = counters

    def __getitem__(self, _: int) -> int:
        return sum(c[0] for c in self.counters)


def record_write(op: Any, target: Any, inputs: tuple[Any, ...], attrs: dict[str, Any] | None) -> None:
    """After an in-place write: give `target` (and what it is a view of) its new place in the graph."""
    from unison.autograd.views import rebase

    if state.grad_disabled and not state.local.grad:
        return
    if op is None:
        target.node, target.tracked = None, False
        return
    if op.name == "copy":
        inputs = (inputs[1],)
        if inputs[0].dtype is not target.dtype or inputs[0].shape != target.shape:
            _record_copy(target, inputs[0])
            return
    old = target
    fresh = alias(target)
    if inputs and inputs[0] is old:
        before = alias(target)
        before.tracked, before.node, before.base = target.tracked, target.node, target.base
        inputs = (before, *inputs[1:])
    if any(x is not None and x.tracked for x in inputs):
        record(op, inputs, attrs, fresh)
        _date_back(fresh.node, target.counter)
    rebase(target, fresh.node)


def _record_copy(target: Any, source: Any) -> None:
    """A copy that casts and broadcasts: the target's value is the cast, expanded source."""
    from unison.autograd.views import rebase
    from unison_core import ops

    if not source.tracked:
        rebase(target, None)
        return
    value = ops.cast(source, dtype=target.dtype) if source.dtype is not target.dtype else source
    if value.shape != target.shape:
        lead = len(value.shape) - len(target.shape)
        if lead > 0:
            value = ops.view(value, shape=value.shape[lead:])
        value = ops.expand(value, shape=target.shape)
    rebase(target, edge(value) if value.node is not None else _identity(value))


def _identity(value: Any) -> Any:
    from unison_core import ops

    return ops.copy(value).node


def _date_back(node: Any, counter: Any) -> None:
    """Inputs saved by an in-place call are from before the write: expect the sum from then, so that using an
    overwritten value is noticed. The saved result is from after it.
    """
    if isinstance(node, OpNode) and node.expected is not None:
        node.expected -= sum(1 for x in node.saved if x is not None and x.counter is counter)
