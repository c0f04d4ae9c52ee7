"""Hooks on nodes and tensors, and handles to take them off again."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from unison_core.handle import Handle

__all__ = ["NodeHooks", "RemovableHandle", "add_node_hook", "add_tensor_hook", "retain_grad"]


class RemovableHandle:
    """What registering a hook returns; `remove()` takes it off. Also a context manager."""

    _next_id = 0

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1

    def remove(self) -> None:
        """Take the hook off; doing it twice is harmless."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class NodeHooks:
    """The hooks of one node or leaf."""

    __slots__ = ("post", "pre", "retained", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, Callable[[Any], Any]] = {}
        self.pre: dict[int, Callable[[Any], Any]] = {}
        self.post: dict[int, Callable[[Any, Any], Any]] = {}
        self.retained: list[weakref.ref[Any]] = []

    def before(self, g: Any) -> Any:
        """The gradient after tensor hooks and pre-hooks, stored where it is to be retained."""
        for hook in list(self.tensor.values()):
            new = hook(g)
            if new is not None:
                g = _checked(new, g)
        for prehook in list(self.pre.values()):
            new = prehook((g,))
            if new is not None:
                g = new[0]
        for ref in self.retained:
            tensor = ref()
            if tensor is not None:
                tensor._grad = g if tensor.grad is None else tensor.grad + g
        return g

    def after(self, grads: tuple[Any, ...], g: Any) -> tuple[Any, ...]:
        """The inputs' gradients after the post-hooks."""
        for hook in list(self.post.values()):
            new = hook(grads, (g,))
            if new is not None:
                grads = new if isinstance(new, tuple) else (new,)
        return grads


def _checked(new: Any, old: Any) -> Any:
    if not isinstance(new, Handle):
        raise TypeError(f"a hook must return a tensor or None, not {type(new).__name__}")
    if new.shape != old.shape:
        raise RuntimeError(f"hook has changed the size of value: from {list(old.shape)} to {list(new.shape)}")
    return new


def _of_node(node: Any) -> NodeHooks:
    if node.hooks is None:
        node.hooks = NodeHooks()
    hooks: NodeHooks = node.hooks
    return hooks


def add_node_hook(node: Any, hook: Callable[..., Any], *, before: bool) -> RemovableHandle:
    """Register a hook around a node's pass."""
    hooks = _of_node(node)
    table: dict[int, Any] = hooks.pre if before else hooks.post
    removable = RemovableHandle(table)
    table[removable.id] = hook
    return removable


def hooks_of(tensor: Any) -> NodeHooks:
    """The hooks that see tensor's gradient: its node's, or its own if a leaf."""
    from unison.autograd.graph import edge

    place = edge(tensor)
    if place is tensor:
        if tensor.leaf_hooks is None:
            tensor.leaf_hooks = NodeHooks()
        found: NodeHooks = tensor.leaf_hooks
        return found
    return _of_node(place)


def add_tensor_hook(tensor: Any, hook: Callable[[Any], Any]) -> RemovableHandle:
    """Call hook(grad) when tensor's gradient is computed; what it returns replaces the gradient.

    Raises:
        RuntimeError: tensor does not require a gradient.
    """
    if not tensor.tracked:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    hooks = hooks_of(tensor)
    removable = RemovableHandle(hooks.tensor)
    hooks.tensor[removable.id] = hook
    return removable


def retain_grad(tensor: Any) -> None:
    """Let a non-leaf keep its gradient in `.grad`.

    Raises:
        RuntimeError: tensor does not require a gradient.
    """
    if not tensor.tracked:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if tensor.node is not None:
        retained = hooks_of(tensor).retained
        if not any(ref() is tensor for ref in retained):
            retained.append(weakref.ref(tensor))
