"""Leaves: where gradients end up."""

from __future__ import annotations

from typing import Any

from unison.autograd.graph import Node
from unison_core import ops
from unison_core.dispatch import inplace
from unison_core.errors import OperatorError

__all__ = ["AccumulateGrad", "accumulate"]

_add_ = inplace.inplace(ops.add)


class AccumulateGrad(Node):
    """The end of the graph at a leaf, as `next_functions` shows it."""

    __slots__ = ("variable",)

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.parents = ()
        self.trace = None
        self.hooks = None


def accumulate(leaf: Any, g: Any, *, fresh: bool, create_graph: bool) -> None:
    """Add g to leaf.grad. A gradient that somebody else may hold (not `fresh`) is copied when first stored.

    Raises:
        RuntimeError: g has another shape than the leaf.
    """
    hooks = leaf._leaf_hooks
    if hooks is not None:
        g = hooks.before(g)
    if g.array.shape != leaf.array.shape:
        raise OperatorError(f"a gradient of shape {list(g.shape)} reached a leaf of shape {list(leaf.shape)}")
    have = leaf._grad
    if have is None:
        leaf._grad = g if fresh or create_graph else ops.copy(g)
    elif create_graph:
        leaf._grad = ops.add(have, g)
    else:
        _add_(have, g)
    if hooks is not None and hooks.post:
        for hook in list(hooks.post.values()):
            hook(leaf)
