"""The graph: nodes, and the recorder that the dispatcher calls when an input requires a gradient.

# Note [Graph]
A node stands for one recorded call. It holds its parents' nodes (or leaf tensors), not the tensors in between, so
those die as soon as the program drops them; and what the gradient rule declared to need (`unison_core.saving`).
Results are saved as bare arrays, since a saved result tensor would hold the node that holds it. An operator with
several results has one node; each result gets a small `Output` node in front of it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from unison_core import state
from unison_core.dispatch.promotion import INEXACT
from unison_core.handle import Handle, alias, wrap
from unison_core.saving import SPEC, VALUE
from unison_core.spec import Spec

from unison.autograd import anomaly
from unison.autograd import saved as saved_hooks

__all__ = ["Node", "OpNode", "Output", "edge", "record"]

_new = object.__new__
_TRACKED_ONE = (True,)
_TRACKED_TWO = ((False, False), (False, True), (True, False), (True, True))


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


class OpNode(Node):
    """A recorded operator call."""

    __slots__ = ("attrs", "count", "device", "expected", "op", "out", "saved", "shapes")

    def apply(self, g: Any) -> tuple[Any, ...]:
        """Run the operator's gradient rule."""
        saved = self.saved
        if saved is _RELEASED:
            raise RuntimeError(
                "Trying to backward through the graph a second time, but the saved values of "
                f"{self.op.name} have been freed. Pass retain_graph=True to the first backward."
            )
        if saved.__class__ is saved_hooks.Packed:
            saved, out = saved.unpack(self)
        else:
            if self.expected is not None:
                self._check_versions()
            out = self.out
            if out is not None:
                out = self._rebuild(out)
        attrs = self.attrs
        grads = self.op.vjp(g, out, *saved, **attrs) if attrs else self.op.vjp(g, out, *saved)
        if grads.__class__ is not tuple:
            grads = (grads,)
        shapes = self.shapes
        return grads if shapes is None else _unbroadcast(grads, shapes, self.parents)

    def _check_versions(self) -> None:
        for counter, version in self.expected:
            if counter[0] != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"{self.op.name} saved a tensor at version {version}, it is now at version {counter[0]}. Clone it "
                    "before it is modified, or use an out-of-place operator."
                )

    def _rebuild(self, out: Any) -> Any:
        """The result as a tensor again, in its place in the graph, for higher orders."""
        if out.__class__ is tuple:
            return tuple(_restore(array, self.device, self) for array in out)
        return _restore(out, self.device, self)

    def release(self) -> None:
        """Drop what was saved."""
        if self.saved is not _NOTHING_SAVED or self.out is not None:
            self.saved = _RELEASED
            self.out = None
        self.expected = None

    def name(self) -> str:
        """`MulBackward0` of mul, as torch writes it."""
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward0"


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


_RELEASED: Any = object()


_BLANKS = tuple((None,) * n for n in range(5))
_NOTHING_SAVED = _BLANKS[0]


def _restore(array: Any, device: Any, node: Node) -> Any:
    t = wrap(array, device)
    if state.grad_enabled():
        t.tracked = True
        t.node = node
    return t


def _unbroadcast(grads: tuple[Any, ...], shapes: tuple[Any, ...], parents: tuple[Any, ...]) -> tuple[Any, ...]:
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


def record(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any] | None, out: Any) -> None:
    """Give `out` (a tensor or tuple of tensors) its node, unless recording is off."""
    if state.grad_disabled and not state.local.grad:
        return
    node = _new(OpNode)
    node.op = op
    node.attrs = attrs
    node.hooks = node.trace = None
    node.expected = node.out = node.shapes = None
    count = len(inputs)
    if count == 2:
        a, b = inputs
        if a is None or b is None:
            return _record_many(node, op, inputs, out)
        ta, tb = a.tracked, b.tracked
        node.parents = (
            ((a.node or a) if a.base is None else edge(a)) if ta else None,
            ((b.node or b) if b.base is None else edge(b)) if tb else None,
        )
        tracked = _TRACKED_TWO[ta * 2 + tb]
        if op.elementwise:
            sa = a.array.shape
            sb = b.array.shape
            if sa != sb:
                node.shapes = (sa, sb)
    elif count == 1:
        x = inputs[0]
        node.parents = (((x.node or x) if x.base is None else edge(x)),)
        tracked = _TRACKED_ONE
    else:
        return _record_many(node, op, inputs, out)
    keep, keep_out = op.saving.of(tracked)
    if keep is None:
        node.saved = _BLANKS[count]
    else:
        _keep(node, inputs, keep)
    _finish(node, out, keep_out)


def _record_many(node: OpNode, op: Any, inputs: tuple[Any, ...], out: Any) -> None:
    node.parents = tuple([None if x is None else edge(x) for x in inputs])
    if op.elementwise:
        node.shapes = tuple([() if x is None else x.array.shape for x in inputs])
    keep, keep_out = op.saving.of(tuple([p is not None for p in node.parents]))
    if keep is None:
        node.saved = (None,) * len(inputs)
    else:
        _keep(node, inputs, keep)
    _finish(node, out, keep_out)


def _keep(node: OpNode, inputs: tuple[Any, ...], keep: tuple[int, ...]) -> None:
    saved = []
    expected = []
    for x, what in zip(inputs, keep, strict=True):
        if what == VALUE and x is not None:
            saved.append(x)
            expected.append((x.counter, x.counter[0]))
        elif what == SPEC and x is not None:
            saved.append(Spec(tuple(x.array.shape), x.dtype, x.device, x.tracked))
        else:
            saved.append(None)
    node.saved = tuple(saved)
    if expected:
        node.expected = expected


def _finish(node: OpNode, out: Any, keep_out: bool) -> None:
    if out.__class__ is tuple:
        _attach_outputs(node, out)
        node.count = len(out)
        node.device = out[0].device
        if keep_out:
            node.out = tuple(o.array for o in out)
    else:
        node.device = out.device
        out.node = node
        out.tracked = True
        if keep_out:
            node.out = out.array
            counter = out.counter
            if node.expected is None:
                node.expected = [(counter, counter[0])]
            else:
                node.expected.append((counter, counter[0]))
    if saved_hooks.active:
        saved_hooks.pack(node)
    if anomaly.enabled:
        node.trace = anomaly.stack()


def _attach_outputs(node: Node, out: tuple[Any, ...]) -> None:
    for i, o in enumerate(out):
        if o.array.dtype in INEXACT:
            o.node = Output(node, i)
            o.tracked = True


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
            return _record_copy(target, inputs[0])
    old = target
    fresh = alias(target)
    if inputs and inputs[0] is old:
        before = alias(target)
        before.tracked, before.node, before.base = target.tracked, target.node, target.base
        inputs = (before, *inputs[1:])
    if any(x is not None and x.tracked for x in inputs):
        record(op, inputs, attrs, fresh)
        _date_back(fresh.node, op, target.counter)
    rebase(target, fresh.node)


def _record_copy(target: Any, source: Any) -> None:
    """A copy that casts and broadcasts: the target's value is the cast, expanded source."""
    from unison_core import ops

    from unison.autograd.views import rebase

    if not source.tracked:
        return rebase(target, None)
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


def _date_back(node: Any, op: Any, counter: list[int]) -> None:
    """Inputs saved by an in-place call are from before the write: expect the version from before, so that using
    the overwritten value is noticed; the saved result is from after it."""
    if node is None or not isinstance(node, OpNode) or node.expected is None:
        return
    keeps_out = node.out is not None
    last = len(node.expected) - 1
    node.expected = [
        (c, v - 1 if c is counter and not (keeps_out and i == last) else v) for i, (c, v) in enumerate(node.expected)
    ]

