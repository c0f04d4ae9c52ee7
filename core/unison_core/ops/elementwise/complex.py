"""Complex numbers and their parts."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import ALL, COMPLEX, FLOATING
from unison_core.operator import Array, Promote, composite, primitive
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, good, unary
from unison_core.spec import Spec, broadcast

__all__ = ["angle", "complex", "complex_abs", "conj", "imag", "real"]


@primitive(dtypes=ALL)
def conj(x: Array) -> Array:
    """The complex conjugate; real x unchanged."""


@conj.infer
def conj_infer(x: Spec) -> Spec:
    return x


@conj.vjp()
def conj_vjp(g: Any, out: Any, x: Any) -> Any:
    return conj(g)


@primitive(dtypes=ALL)
def real(x: Array) -> Array:
    """The real part."""


@real.infer
def real_infer(x: Spec) -> Spec:
    return x.like(dtype=x.dtype.to_real())


@real.vjp(specs="x")
def real_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.cast(g, dtype=x.dtype)


@primitive(dtypes=ALL)
def imag(x: Array) -> Array:
    """The imaginary part; zeros of real x."""


@imag.infer
def imag_infer(x: Spec) -> Spec:
    return x.like(dtype=x.dtype.to_real())


@imag.vjp(specs="x")
def imag_vjp(g: Any, out: Any, x: Any) -> Any:
    zero = ops.mul(g, scalar_like(0, g))
    return complex(zero, g) if x.dtype in COMPLEX else zero


for _op in (conj, real, imag):
    _op.samples(unary())


@primitive(dtypes=FLOATING)
def complex(real: Array, imag: Array) -> Array:
    """real + i * imag, of float32 or float64 parts."""


@complex.infer
def complex_infer(real: Spec, imag: Spec) -> Spec:
    return real.like(broadcast(real.shape, imag.shape), real.dtype.to_complex())


@complex.vjp(specs="real imag")
def complex_vjp(g: Any, out: Any, real: Any, imag: Any) -> Any:
    from unison_core.ops._shared import sum_to

    return sum_to(ops.real(g), real.shape), sum_to(ops.imag(g), imag.shape)


@complex.samples
def complex_samples() -> Any:
    yield good(arg(2, 3, dtype=None), arg(2, 3))
    yield good(arg(), arg())


@primitive(dtypes=COMPLEX)
def complex_abs(x: Array) -> Array:
    """The modulus of complex x, a real number."""


@complex_abs.infer
def complex_abs_infer(x: Spec) -> Spec:
    return x.like(dtype=x.dtype.to_real())


@complex_abs.vjp(values="x out")
def complex_abs_vjp(g: Any, out: Any, x: Any) -> Any:
    zero = ops.eq(out, scalar_like(0, out))
    safe = ops.where(zero, scalar_like(1, out), out)
    return ops.mul(x, ops.cast(ops.div(g, safe), dtype=x.dtype))


@composite(dtypes=ALL, promote=Promote.FLOAT)
def angle(x: Array) -> Array:
    """The argument of a complex number in radians; 0 or pi of real x, NaN of NaN."""
    if x.dtype in COMPLEX:
        return ops.atan2(imag(x), real(x))
    zero = scalar_like(0, x)
    turned = ops.where(ops.lt(x, zero), scalar_like(3.141592653589793, x), zero)
    return ops.where(ops.isnan(x), x, turned)


@angle.infer
def angle_infer(x: Spec) -> Spec:
    return x.like(dtype=x.dtype.to_real())


for _op in (complex_abs, angle):
    _op.samples(unary(away=0.1))
