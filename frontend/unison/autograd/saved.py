"""Hooks on what the graph saves: pack when recorded, unpack when needed."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from unison_core.handle import Handle, alias

__all__ = ["Packed", "in_place_of", "pack", "saved_tensors_hooks"]

active: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = []


class saved_tensors_hooks:
    """Within the block, what backward will need is replaced by `pack_hook(tensor)`, and fetched by `unpack_hook`.

    Args:
        pack_hook: takes a tensor, returns any object.
        unpack_hook: takes that object, returns a tensor of the same shape, dtype and device.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self._hooks = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        active.append(self._hooks)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        active.pop()


class Packed:
    """The packed values of one node."""

    __slots__ = ("inputs", "out", "unpack_hook")

    def __init__(self, inputs: tuple[Any, ...], out: Any, unpack_hook: Callable[[Any], Any]) -> None:
        self.inputs = inputs
        self.out = out
        self.unpack_hook = unpack_hook

    def unpack(self, node: Any) -> tuple[tuple[Any, ...], Any]:
        """(saved inputs, saved result) as tensors again."""
        fetch = self.unpack_hook
        inputs = tuple(
            in_place_of(fetch(x.value), parent) if isinstance(x, _Box) else x
            for x, parent in zip(self.inputs, node.parents, strict=True)
        )
        if self.out is None:
            return inputs, None
        packed, device = self.out
        array = (
            fetch(packed.value).array
            if isinstance(packed, _Box)
            else tuple(None if o is None else fetch(o.value).array for o in packed)
        )
        return inputs, node._rebuild((array, device, None))


def in_place_of(value: Any, place: Any) -> Any:
    """What an unpack hook gave, where the packed tensor stood in the graph: at a node, a leaf, or nowhere (None).

    Gradient rules ask which of their inputs are tracked, and higher orders go on from there.
    """
    if value is place:
        return value
    t = alias(value)
    if place is not None:
        from unison.autograd.graph import Through

        t.tracked = True
        t.node = Through(place) if isinstance(place, Handle) else place
    return t


class _Box:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def pack(node: Any) -> None:
    """Replace what `node` saved by what the innermost pack hook makes of it."""
    from unison_core.handle import wrap

    if not active or node.expected is None:
        return
    pack_hook, unpack_hook = active[-1]
    taken = active[:]
    active.clear()
    try:
        inputs = tuple(_Box(pack_hook(x)) if isinstance(x, Handle) else x for x in node.saved)
        out = node.out
        if out is not None:
            array, device, _ = out
            many = isinstance(array, tuple)
            packed = (
                tuple(None if a is None else _Box(pack_hook(wrap(a, device))) for a in array)
                if many
                else _Box(pack_hook(wrap(array, device)))
            )
            out = (packed, device)
    finally:
        active.extend(taken)
    node.saved, node.out, node.expected = Packed(inputs, out, unpack_hook), None, None
