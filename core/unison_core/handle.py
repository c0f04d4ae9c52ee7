"""The tensor handle: the slots that dispatch needs, and how the frontend's class gets into core.

# Note [Finding Tensor]
Core makes tensors but may not import the frontend. The frontend subclasses `Handle`, calls `install` once,
and every call path reads the installed class from `handle.Tensor`. Tests of core alone use `Handle` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.dtypes import DType

__all__ = [
    "Handle",
    "Repeated",
    "Tensor",
    "alias",
    "counter_of",
    "install",
    "mark_repeated",
    "repeats",
    "wrap",
]


class Handle:
    """An array, its device and its place in the autograd graph.

    array: the backend's own array. device: the `Device` that holds it. tracked: what users see as
    `requires_grad`. node: the graph node that made it, None for leaves. counter: a one-element list that every
    alias of the memory shares; it counts in-place writes; None while there is no alias and no write. base: for a
    view, what it is a view of (see Note [Views]); else None.
    """

    __slots__ = ("array", "base", "counter", "device", "node", "tracked")

    array: Any
    base: Any
    counter: Any
    device: Device
    node: Any
    tracked: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the dimensions."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.device.dtype_of[self.array.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.array.shape)

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded."""
        return self.tracked


Tensor: type[Handle] = Handle
_new = object.__new__


def install(cls: type[Handle]) -> None:
    """Make `cls` the class of every tensor that operators return from now on."""
    global Tensor
    Tensor = cls


def wrap(array: Any, device: Device) -> Any:
    """A fresh, untracked tensor around an array that nobody else aliases."""
    t = _new(Tensor)
    t.array = array
    t.device = device
    t.tracked = False
    t.node = t.counter = t.base = None
    return t


def counter_of(x: Handle) -> Any:
    """The write counter that x shares with its aliases, made now if there is none."""
    counter = x.counter
    if counter is None:
        counter = x.counter = [0]
    return counter


def alias(x: Handle) -> Any:
    """An untracked tensor on the same memory; writes through either are counted for both."""
    t = wrap(x.array, x.device)
    t.counter = counter_of(x)
    if x.base is not None:
        mark_repeated(t)
    return t


class Repeated:
    """The write counter of an alias whose elements share places in memory: that of the other aliases in a class of
    its own, by which paths that write notice. Views are known by their `base` and need none.
    """

    __slots__ = ("shared",)

    def __init__(self, shared: list[int]) -> None:
        self.shared = shared

    def __getitem__(self, at: int) -> int:
        return self.shared[at]

    def __setitem__(self, at: int, count: int) -> None:
        self.shared[at] = count


def repeats(x: Handle) -> bool:
    """Whether elements along a dimension are the same memory, as those of an expanded tensor."""
    shape, strides = x.array.shape, x.device.backend.strides(x.array)
    return (
        0 in strides and 0 not in shape and any(s == 0 and n > 1 for s, n in zip(strides, shape, strict=True))
    )


def mark_repeated(x: Handle) -> None:
    """Let paths that write notice if elements of x, which is about to lose its `base`, share places in memory."""
    counter = counter_of(x)
    if counter.__class__ is list and repeats(x):
        x.counter = Repeated(counter)
