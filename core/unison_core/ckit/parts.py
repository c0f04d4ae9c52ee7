"""Complex arrays by their parts: kernels of real numbers that serve complex ones too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["bilinear", "linear", "part_of"]

Kernel = Callable[..., Any]


def part_of(x: CArray, part: int) -> CArray:
    """The real (0) or imaginary (1) parts of complex x, on its memory; x itself where it is real."""
    if not x.dtype.is_complex:
        return x
    return x.like(x.shape, x.dtype.to_real(), [2 * s for s in x.strides], 2 * x.offset + part)


def linear(kit: CKit, kernel: Kernel) -> Kernel:
    """The kernel of a linear operator of one array: of complex arrays its parts are the parts' results."""

    @wraps(kernel)
    def either(x: CArray, **attrs: Any) -> Any:
        if not x.dtype.is_complex:
            return kernel(x, **attrs)
        results = [kernel(part_of(x, part), **attrs) for part in (0, 1)]
        return kit.map("CAT(make_, O)(a, b)", results, dtype=x.dtype, label=kernel.__name__)

    return either


def bilinear(kit: CKit, kernel: Kernel) -> Kernel:
    """The kernel of an operator linear in two arrays (and a third, which it adds): four products of parts."""

    @wraps(kernel)
    def either(a: CArray, b: CArray, *added: CArray | None, **attrs: Any) -> Any:
        if not a.dtype.is_complex:
            return kernel(a, b, *added, **attrs)
        if b.dtype is not a.dtype:
            raise TypeError(f"{a.dtype.name} and {b.dtype.name}")

        def product(i: int, j: int, part: int | None) -> Any:
            third = [None if part is None or x is None else part_of(x, part) for x in added]
            return kernel(part_of(a, i), part_of(b, j), *third, **attrs)

        products = [product(0, 0, 0), product(1, 1, None), product(0, 1, 1), product(1, 0, None)]
        return kit.map("CAT(make_, O)(a - b, c + e)", products, dtype=a.dtype, label=kernel.__name__)

    return either
