"""In-place methods of products and of shape: the latter change what the tensor shows, not its elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison.functions import arranging, copies, movement, products
from unison.functions._common import in_place
from unison_core.dispatch.inplace import check_target
from unison_core.handle import alias

__all__ = ["Rewriting"]


def _turned(function: Callable[..., Any]) -> Callable[..., Any]:
    """The form of a view function that makes the tensor itself the view."""
    name = function.__name__

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        check_target(name, self)
        # A view stays one: of what it was until now, which keeps its own link to the base.
        before = alias(self)
        before.tracked, before.node, before.base = self.tracked, self.node, self.base
        view = function(before, *args, **kwargs)
        self.array = view.array
        self.base = None if self.base is None else view.base
        if self.tracked:
            self.node = view.node
        self.counter[0] += 1
        return self

    call.__name__ = call.__qualname__ = name + "_"
    call.__doc__ = f"In-place version of {name}: the tensor takes the new shape and is returned."
    return call


class Rewriting:
    """`x.addmm_(a, b)`, `x.tril_()`, `x.unsqueeze_(0)` and the like."""

    __slots__ = ()

    addbmm_ = in_place(products.addbmm)
    addmm_ = in_place(products.addmm)
    addmv_ = in_place(products.addmv)
    addr_ = in_place(products.addr)
    baddbmm_ = in_place(products.baddbmm)
    as_strided_scatter = copies.as_strided_scatter
    fill_diagonal_ = arranging.fill_diagonal_
    index_reduce_ = in_place(copies.index_reduce)
    as_strided_ = _turned(arranging.as_strided)
    squeeze_ = _turned(movement.squeeze)
    swapaxes_ = swapdims_ = transpose_ = _turned(movement.transpose)
    t_ = _turned(movement.t)
    tril_ = in_place(arranging.tril)
    triu_ = in_place(arranging.triu)
    unsqueeze_ = _turned(movement.unsqueeze)
