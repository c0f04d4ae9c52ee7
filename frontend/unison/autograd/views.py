"""Views and in-place writes in the graph.

# Note [Views]
A view shares memory and the write counter with what it was made of, and remembers how: `base` is (parent, operator,
attributes, counter when its node was made). When a view is written, its parent's value has changed too, so the
parent (and the parent's parent) gets a `Merge` node: its old value with the region of the view replaced by the
view's new value. Views that were made earlier are stale then: their counter differs, and `refreshed` records
them anew from their parent when they are next used. Nothing is copied and nobody keeps a list of views.
"""

from __future__ import annotations

from typing import Any

from unison.autograd.graph import Node, edge
from unison_core import ops, state
from unison_core.dispatch import inplace
from unison_core.errors import ViewError

__all__ = ["Merge", "became_tracked", "rebase", "refreshed"]


class Merge(Node):
    """The parent of a view after the view was written: parents are (old parent, new view)."""

    __slots__ = ("attrs", "op")

    def __init__(self, op: Any, attrs: dict[str, Any], old: Any, new: Any) -> None:
        self.op = op
        self.attrs = attrs
        self.parents = (old, new)
        self.hooks = self.trace = None

    def apply(self, g: Any) -> tuple[Any, ...]:
        """The region's gradient goes to the view's new value, the rest to the old parent."""
        try:
            part = self.op.call(g, **self.attrs)
        except ViewError:
            # An incoming gradient may be expanded, and such memory cannot be seen in every shape.
            g = ops.copy(g)
            part = self.op.call(g, **self.attrs)
        if self.parents[1] is not None:
            part = ops.copy(part)
        if self.parents[0] is None:
            return None, part
        rest = ops.copy(g)
        region = self.op.call(rest, **self.attrs)
        zero = ops.full(shape=(), value=0, dtype=region.dtype, device=g.device)
        inplace.assign(region, zero)
        return rest, part

    def name(self) -> str:
        """torch's name for it."""
        return "CopySlices"


def rebase(target: Any, node: Any) -> None:
    """Make `node` the origin of the value just written into target, and of that region of what it views."""
    base = target.base
    if base is None:
        target.node = node
        target.tracked = node is not None
        return
    parent, op, attrs, _ = base
    old = edge(parent)
    if node is None and old is None:
        _date(target)
        return
    merged = Merge(op, attrs, old, node)
    rebase(parent, merged)
    target.node = node if node is not None else _record_view(parent, op, attrs)
    target.tracked = True
    target.base = (parent, op, attrs, target.counter[0])


def _date(target: Any) -> None:
    while target.base is not None:
        parent, op, attrs, _ = target.base
        target.base = (parent, op, attrs, target.counter[0])
        target = parent


def refreshed(x: Any) -> Any:
    """The node of the view x, recorded anew if its memory was written since."""
    parent, op, attrs, version = x.base
    if version == x.counter[0]:
        return x.node
    if parent.base is not None:
        refreshed(parent)
    if parent.tracked:
        x.node = _record_view(parent, op, attrs)
        x.tracked = True
    x.base = (parent, op, attrs, x.counter[0])
    return x.node


def _record_view(parent: Any, op: Any, attrs: dict[str, Any]) -> Any:
    before = state.set_modes(())
    try:
        return op.call(parent, **attrs).node
    finally:
        state.set_modes(before)


def became_tracked(view: Any) -> bool:
    """Whether a view made of an untracked tensor must be recorded now, because its memory was written."""
    if view.base[3] == view.counter[0] or not state.grad_enabled():
        return False
    refreshed(view)
    return bool(view.tracked)
