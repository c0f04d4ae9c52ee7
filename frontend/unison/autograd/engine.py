"""Backward: gradients through the graph in reverse topological order, without recursion.

# Note [Backward]
First every node's remaining consumers are counted; then nodes whose consumers are done are taken from a stack. A
node's gradient is popped before the node runs, and what the node saved is released after it, so memory falls as
backward proceeds. Sums of gradients are made in place once the engine owns the buffer. Leaves take part like nodes:
their hooks see the total once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from unison.autograd import anomaly
from unison.autograd.accumulate import accumulate
from unison.autograd.graph import Node, Output
from unison_core import ops, state
from unison_core.dispatch import inplace
from unison_core.handle import Handle

__all__ = ["run", "running"]

_add_ = inplace.inplace(ops.add)


def run(
    roots: Sequence[tuple[Any, Any]],
    *,
    retain_graph: bool,
    create_graph: bool,
    targets: Sequence[Any] | None = None,
    accumulate_targets: bool = False,
) -> dict[Any, Any]:
    """Send gradients from roots, pairs of (node or leaf, gradient), towards the leaves.

    With `targets` (nodes or leaves) only the way to them is gone, and the gradient of each is returned; leaves are
    then left alone unless accumulate_targets. Otherwise gradients are added to the leaves' `.grad`.
    """
    before = state.set_grad(create_graph)
    outer, running.towards_targets = running.towards_targets, targets is not None
    try:
        engine = _Engine(retain_graph, create_graph, targets, accumulate_targets)
        return engine.go(roots)
    finally:
        running.towards_targets = outer
        state.set_grad(before)


class _Running(threading.local):
    """About the backward that runs in this thread."""

    towards_targets: bool = False
    """Whether it goes to chosen inputs only, instead of accumulating into every leaf."""


running = _Running()


class _Engine:
    """The state of one backward pass."""

    def __init__(
        self, retain_graph: bool, create_graph: bool, targets: Sequence[Any] | None, accumulate_targets: bool
    ) -> None:
        self.retain_graph = retain_graph
        self.create_graph = create_graph
        self.targets = None if targets is None else dict.fromkeys(targets)
        self.accumulates = targets is None or accumulate_targets
        self.pending: dict[Any, Any] = {}
        self.owned: set[Any] = set()
        self.waiting: dict[Any, int] = {}
        self.needs_parents: dict[Any, bool] = {}
        self.found: dict[Any, Any] = {}

    def go(self, roots: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
        """Count, then run."""
        for place, g in roots:
            self._add(place, g)
        places = list(self.pending)
        if self.targets is None:
            self._count(places)
        else:
            self._count_towards_targets(places)
        ready: list[tuple[Any, Any]] = []
        for place in places:
            if not self.waiting[place]:
                g = self.pending.pop(place)
                if isinstance(place, Handle):
                    self._reach_leaf(place, g, fresh=False)
                else:
                    ready.append((place, g))
        while ready:
            node, g = ready.pop()
            if g is None:
                self._spread(node, (None,) * len(node.parents), None, ready)
            elif node.__class__ is Output:
                self._into_source(node, g, ready)
            else:
                self._spread(node, self._pass(node, g), g, ready)
        return self.found

    def _spread(self, node: Any, grads: tuple[Any, ...], g: Any, ready: list[tuple[Any, Any]]) -> None:
        """Hand a node's gradients to its parents; those that wait for nobody else are ready, leaves are reached."""
        pending, waiting = self.pending, self.waiting
        for i, p in enumerate(node.parents):
            left = waiting.get(p) if p is not None else None
            if left is None:
                continue
            gp = grads[i]
            if left != 1:
                waiting[p] = left - 1
                if gp is not None:
                    self._add(p, gp)
                continue
            summed = p in pending
            if summed:
                if gp is not None:
                    self._add(p, gp)
                gp = pending.pop(p)
            if not isinstance(p, Handle):
                ready.append((p, gp))
            elif gp is not None:
                self._reach_leaf(p, gp, summed or (node.fresh_gradients and _is_fresh(gp, g, grads, i)))

    def _pass(self, node: Node, g: Any) -> tuple[Any, ...]:
        """One node: hooks, its rule, release."""
        hooks = node.hooks
        if hooks is not None:
            g = hooks.before(g)
        if self.targets is not None:
            if node in self.targets:
                self.found[node] = g
            if not self.needs_parents.get(node):
                return (None,) * len(node.parents)
        grads = node.apply(tuple(g) if g.__class__ is list else g)
        if hooks is not None and hooks.post:
            grads = hooks.after(grads, g)
        if anomaly.enabled and anomaly.check_nan:
            anomaly.refuse_nan(node, grads)
        if not self.retain_graph:
            node.release()
        return grads

    def _into_source(self, output: Output, g: Any, ready: list[tuple[Any, Any]]) -> None:
        """Put the gradient of one of several results at its place."""
        if output.hooks is not None:
            g = output.hooks.before(g)
        if self.targets is not None and output in self.targets:
            self.found[output] = g
        source = output.source
        left = self.waiting.get(source)
        if left is None:
            return
        slots = self.pending.get(source)
        if slots is None:
            slots = self.pending[source] = [None] * source.count
        slots[output.index] = g if slots[output.index] is None else ops.add(slots[output.index], g)
        self.waiting[source] = left - 1
        if left == 1:
            ready.append((source, self.pending.pop(source)))

    def _add(self, place: Any, g: Any) -> None:
        have = self.pending.get(place)
        if have is None:
            self.pending[place] = g
        elif place in self.owned and not self.create_graph and have.dtype is g.dtype:
            _add_(have, g)
        else:
            self.pending[place] = ops.add(have, g)
            self.owned.add(place)

    def _reach_leaf(self, leaf: Any, g: Any, fresh: bool) -> None:
        if self.targets is not None:
            if leaf.leaf_hooks is not None and not self.accumulates:
                g = leaf.leaf_hooks.before(g)
            self.found[leaf] = g
        if self.accumulates and (self.targets is None or leaf in self.targets):
            accumulate(leaf, g, fresh=fresh or leaf in self.owned, create_graph=self.create_graph)

    def _count(self, places: Sequence[Any]) -> None:
        """How many consumers each node waits for."""
        waiting = self.waiting = dict.fromkeys(places, 0)
        stack = [p for p in places if not isinstance(p, Handle)]
        while stack:
            for p in stack.pop().parents:
                if p is None:
                    continue
                if p in waiting:
                    waiting[p] += 1
                else:
                    waiting[p] = 1
                    if not isinstance(p, Handle):
                        stack.append(p)

    def _count_towards_targets(self, places: Sequence[Any]) -> None:
        """The same over the nodes from which a target can be reached."""
        targets = self.targets
        assert targets is not None
        order: list[Any] = []
        seen: set[Any] = set()
        stack: list[tuple[Any, bool]] = [(p, False) for p in places]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
                continue
            if node in seen:
                continue
            seen.add(node)
            stack.append((node, True))
            if not isinstance(node, Handle):
                stack.extend((p, False) for p in node.parents if p is not None and p not in seen)
        reaches: set[Any] = set()
        for node in order:
            below = not isinstance(node, Handle) and any(p in reaches for p in node.parents if p is not None)
            self.needs_parents[node] = below
            if below or node in targets:
                reaches.add(node)
        self.waiting = dict.fromkeys(places, 0)
        for node in reaches:
            if self.needs_parents[node]:
                for p in node.parents:
                    if p is not None and p in reaches:
                        self.waiting[p] = self.waiting.get(p, 0) + 1


def _is_fresh(g: Any, incoming: Any, grads: tuple[Any, ...], at: int) -> bool:
    """Whether nobody else holds the memory of the gradient that a rule returned for parent `at`."""
    if g is incoming or g.base is not None or g.counter is not None:
        return False
    return not any(other is g for j, other in enumerate(grads) if j != at)
