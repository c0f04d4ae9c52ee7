"""The tolerance table: operator family x dtype -> limit and source.

A result may differ from its reference by `ulp` units in the last place of the result's dtype plus, where terms
were accumulated, `(k(n) + extra) * u * S` (rule 5 of the contract: S the sum of the absolute terms, u the unit
roundoff of the accumulator, n their number). A unit in the last place is OpenCL's: the distance to the infinitely
precise result, so correctly rounded means 0.5. Complex results are measured as one number: distance in the plane,
in units of the modulus.

Sources: OCL, the OpenCL conformance tests' `function_list.cpp`, full profile; CUDA, the CUDA C++ Programming
Guide's tables of maxima; MEAS, the maxima that LLVM libc publishes for its GPU builds; WN, the web platform tests
of WebNN; DER, derived by rules 5 and 6 of the contract from other cells; IEEE, IEEE 754-2019.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from unison_conformance.tolerance.limit import Growth, Limit, growth_factor, roundoff
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["LIMITS", "Growth", "Limit", "growth_factor", "limit_of", "roundoff"]

F64, F32, F16, BF16 = dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16
C128, C64 = dtypes.complex128, dtypes.complex64

Cell = tuple[float, str]
Row = dict[DType, Limit]

_ROOT2 = 2.0**0.5
_HALF_CR = 0.51
_ONCE = "DER rule 6: computed in float32 and rounded once"


def _row(f64: Cell, f32: Cell, f16: Cell, bf16: Cell, plane: Cell | None = None, **settings: Any) -> Row:
    """A row of limits in units in the last place; `plane` is the cell of both complex types."""
    cells = {F64: f64, F32: f32, F16: f16, BF16: bf16}
    if plane is not None:
        cells |= {C128: plane, C64: plane}
    return {dtype: Limit(ulp, source, **settings) for dtype, (ulp, source) in cells.items()}


def _same(ulp: float, source: str, **settings: Any) -> Row:
    """A row of equal cells, complex ones included."""
    cell = (ulp, source)
    return _row(cell, cell, cell, cell, cell, **settings)


def _rounded(source: str, half: str, plane: Cell, **settings: Any) -> Row:
    """A row of correctly rounded results."""
    once = (0.5, half)
    return _row((0.5, source), (0.5, source), once, once, plane, **settings)


def _accumulated(source: str, growth: Growth, *, half: float, extra: float = 0.0, plain: float = 0.5) -> Row:
    """A row of rule 5. In the plane both parts round: the square root of 2 times the distance."""
    wide, narrow = (plain, f"DER rule 5: {source}"), (half, f"DER rules 5 and 6, float32 terms: {source}")
    plane = (plain * _ROOT2, f"DER rule 5, both parts: {source}")
    return _row(wide, wide, narrow, narrow, plane, growth=growth, extra=extra)


def _composed(source: str, *, half: float) -> Row:
    """A row of composed formulas: S is the whole first-order bound in units of u, with k(n) of every sum in it."""
    wide, narrow = (0.5, f"DER first order: {source}"), (half, f"DER first order, float32 terms: {source}")
    return _row(wide, wide, narrow, narrow, extra=1.0)


LIMITS: dict[str, Row] = {
    "movement": _same(0.0, "WN: no rounding; bit for bit, NaN payloads too", bits=True),
    "uniform": _same(0.0, "contract, RNG: the same bits everywhere", bits=True),
    "exact": _same(0.0, "contract, integer and bool: exact"),
    "sign": _same(0.0, "OCL 0; WN 0"),
    "signed_zero": _same(0.0, "OCL 0; WN 0; IEEE 5.5.1 for signs", signed_zero=True),
    "cast": _rounded(
        "IEEE 5.4.2: correctly rounded",
        "IEEE 5.4.2: to nearest, ties to even",
        (0.5 * _ROOT2, "IEEE 5.4.2, both parts"),
        signed_zero=True,
    ),
    "add": _rounded("OCL 0; CUDA 0; IEEE 5.4.1", _ONCE, (0.5 * _ROOT2, "IEEE 5.4.1, both parts")),
    "mul": _rounded(
        "OCL 0; CUDA 0; IEEE 5.4.1",
        _ONCE,
        (2.3, "DER Brent, Percival and Zimmermann 2007: sqrt(5) u of the modulus"),
        signed_zero=True,
    ),
    "fused": _row(
        (0.5, "DER rule 5: S = |x| + |value a b|, up to three roundings before the sum"),
        (0.5, "DER rule 5: S = |x| + |value a b|, up to three roundings before the sum"),
        (_HALF_CR, _ONCE),
        (_HALF_CR, _ONCE),
        (0.5 * _ROOT2, "DER rule 5, both parts; products sqrt(5) u, quotients 10 u of the modulus"),
        extra=12.0,
    ),
    "div": _row(
        (0.5, "OCL double 0; IEEE 5.4.1"),
        (2.5, "OCL 2.5; CUDA 0"),
        (_HALF_CR, f"OCL half 0; {_ONCE}"),
        (_HALF_CR, _ONCE),
        (10.0, "DER Higham 2002, lemma 3.5 for Smith's formula: sqrt(2) gamma(7)"),
    ),
    "floor_divide": _same(1.0, "DER (a - fmod(a, b)) / b: two roundings where the quotient is past 2^p"),
    "remainder": _same(1.0, "OCL fmod 0, and one sum that moves it to b's sign"),
    "sqrt": _row(
        (0.5, "OCL double 0; IEEE 5.4.1"),
        (3.0, "OCL 3"),
        (_HALF_CR, f"OCL half 0; {_ONCE}"),
        (_HALF_CR, _ONCE),
        (
            8.0,
            "DER Hull, Fairgrieve and Tang 1994: hypot 4, then sums and a root of a sum without cancellation",
        ),
        signed_zero=True,
    ),
    "rsqrt": _row(
        (2.0, "OCL 2"),
        (2.0, "OCL 2"),
        (1.0, "OCL half 1"),
        (1.0, "OCL half 1"),
        (18.0, "DER sqrt 8 and div 10"),
    ),
    "hypot": _row((4.0, "OCL 4"), (4.0, "OCL 4; CUDA 3"), (2.0, "OCL half 2"), (1.0, _ONCE)),
    "leaky_relu": _row(
        (1.5, "DER the slope rounded (1 unit), and mul 0.5"),
        (1.5, "DER the slope rounded (1 unit), and mul 0.5"),
        (_HALF_CR, _ONCE),
        (_HALF_CR, _ONCE),
    ),
    "exp": _row(
        (3.0, "OCL 3"),
        (3.0, "OCL 3; CUDA exp 2, expm1 1; MEAS 2, 1"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 3 units of float32"),
        (
            16.0,
            "DER exp(x) (cos(y) + i sin(y)): 3, 4, a product, twice for the binade; exp2's phase: S = |result z|",
        ),
        extra=2.0,
    ),
    "log": _row(
        (3.0, "OCL 3"),
        (3.0, "OCL 3; CUDA log 1; MEAS 1"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 3 units of float32"),
        (14.0, "DER log|z| and atan2: 3 after hypot's 4, 6, twice for the binade of the modulus"),
    ),
    "log1p": _row(
        (2.0, "OCL 2"),
        (2.0, "OCL 2"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 2 units of float32"),
        (14.0, "DER as log"),
    ),
    "logaddexp": _row(
        (0.5, "DER rule 5: S = |max| + log1p(exp(-gap)); log1p 2, exp 3, and gap u before exp"),
        (0.5, "DER rule 5: S = |max| + log1p(exp(-gap)); log1p 2, exp 3, and gap u before exp"),
        (3.0, "DER as sigmoid"),
        (2.0, "DER as sigmoid"),
        extra=12.0,
    ),
    "sincos": _row(
        (4.0, "OCL 4"),
        (4.0, "OCL 4; CUDA 2; MEAS 1-2"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 4 units of float32"),
        (18.0, "DER sin(x) cosh(y): 4, 4 and a product, twice for the binade"),
    ),
    "tan": _row(
        (5.0, "OCL 5"),
        (5.0, "OCL 5; CUDA tan 4"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 5 units of float32"),
        (32.0, "DER Kahan 1987: tan 5, sinh 4 and a quotient of sums of squares"),
    ),
    "atan2": _row(
        (6.0, "OCL 6"),
        (6.0, "OCL 6; CUDA 3"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 6 units of float32"),
    ),
    "asin": _row(
        (4.0, "OCL 4"),
        (4.0, "OCL 4; CUDA 2-4"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 4 units of float32"),
        (20.0, "DER Hull, Fairgrieve and Tang 1997: hypot, sqrt, log1p or atan of their quotient"),
    ),
    "atanh": _row(
        (5.0, "OCL 5"),
        (5.0, "OCL 5; CUDA 3"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 5 units of float32"),
        (20.0, "DER Kahan 1987: log1p 2 of a quotient 10, atan2 6"),
    ),
    "tanh": _row(
        (5.0, "OCL 5"),
        (5.0, "OCL 5; CUDA 2; WN 16 is too loose"),
        (2.0, "OCL half 2"),
        (1.0, f"{_ONCE}: 5 units of float32"),
        (32.0, "DER Kahan 1987: tan 5, sinh 4 and a quotient of sums of squares"),
    ),
    "erf": _row(
        (16.0, "OCL 16; CUDA 2, 5"),
        (16.0, "OCL 16; CUDA 2, 4; MEAS 1, 2"),
        (4.0, "OCL half 4"),
        (2.0, _ONCE),
    ),
    "erfinv": _row(
        (5.0, "CUDA erfinv 5"),
        (4.0, "CUDA erfinvf 2, twice as OCL's limits are to CUDA's"),
        (2.0, "DER as exp: the limits of float32 below 5 units"),
        (1.0, f"{_ONCE}: 4 units of float32"),
    ),
    "gamma": _row(
        (6.0, "CUDA lgamma 4, twice as OCL's limits are to CUDA's, at most 6; reflection by rule 5"),
        (6.0, "CUDA lgammaf 6; reflection by rule 5"),
        (2.0, "DER as exp: the limits of float32 below 6 units"),
        (1.0, f"{_ONCE}: 6 units of float32"),
        extra=16.0,
    ),
    "pow": _row(
        (16.0, "OCL 16"),
        (16.0, "OCL 16; CUDA 8"),
        (4.0, "OCL half 4"),
        (2.0, _ONCE),
        (16.0, "DER rule 5 for exp(w log(z)): S = |result| (1 + |w log(z)|); exp 16, log 14, mul 2.3"),
        extra=20.0,
    ),
    "sigmoid": _row(
        (8.0, "DER exp 3, div 2.5, two roundings"),
        (8.0, "DER exp 3, div 2.5, two roundings; WN 34 is too loose"),
        (3.0, "WN 3"),
        (2.0, f"{_ONCE}: 8 units of float32"),
        (24.0, "DER rule 5 for 1 / (1 + exp(-z)): S = |result| |1 - result|; exp 16, div 10"),
        extra=20.0,
    ),
    "gelu": _row(
        (18.0, "WN 18; below -2 rule 5: S = |x| (1 + |erf|) / 2, erf 16"),
        (18.0, "WN 18; below -2 rule 5: S = |x| (1 + |erf|) / 2, erf 16"),
        (18.0, "WN 18"),
        (2.0, "DER rule 6, and below -2 rule 5 in float32"),
        extra=10.0,
    ),
    "gelu_backward": _row(
        (18.0, "DER as gelu, rule 5: S = |g| (1 + |x| (1 + x^2) bell)"),
        (18.0, "DER as gelu, rule 5: S = |g| (1 + |x| (1 + x^2) bell)"),
        (18.0, "DER as gelu"),
        (8.0, "contract, gradients: 4 times forward"),
        extra=10.0,
    ),
    "sum": _accumulated("S of |terms|", Growth.ROOT, half=1.0),
    "mean": _accumulated("S of |terms|, of squares for var (two passes)", Growth.ROOT, half=1.0, extra=2.0),
    "prod": _accumulated("gamma(n), relative: S = |result|; WN n", Growth.LINEAR, half=1.0, extra=2.0),
    "logsumexp": _accumulated(
        "S = 1 + |log of the sum|, |x - max| u before exp; running: + |max|; exp 3, log 3",
        Growth.ROOT,
        half=3.0,
        extra=8.0,
    ),
    "matmul": _accumulated("S of |products|; n = K, cin/g kh kw for conv", Growth.ROOT, half=1.0),
    "fourier": _accumulated(
        "S of |x|; roots of unity: cos and sin 4 units, their angle 2 pi u", Growth.ROOT, half=1.0, extra=10.0
    ),
    "softmax": _composed("exp 3, div 2.5, a sum, and |x - max| u before exp", half=3.0),
    "log_softmax": _composed("exp 3, log 3, a sum, and |x - max| u before exp", half=3.0),
    "norm": _composed("two-pass mean and variance, rsqrt 2, conditioned by mean / deviation", half=4.0),
    "avg_pool": _accumulated("k + 2; WN k + 2", Growth.LINEAR, half=1.0, extra=2.0),
    "loss": _composed("exp 3, log 3, log1p 2, a sum", half=4.0),
    "attention": _composed("softmax between two matmul", half=4.0),
    "recurrent": _composed("matmul, sigmoid 8 and tanh 5 at each step", half=4.0),
    "optimizer": _composed("div 2.5, sqrt 3, products", half=4.0),
    "gradient": _composed("the documented formula of the vjp", half=4.0),
    "vjp": _accumulated(
        "four operators of 4 units in a rule, and a sum; S from differences",
        Growth.ROOT,
        half=4.0,
        extra=32.0,
    ),
    "decomposition": _accumulated(
        "Higham 2002, chapters 9, 10, 19: c n u times S = condition times norm",
        Growth.LINEAR,
        half=4.0,
        extra=32.0,
    ),
    "range": _accumulated(
        "start + i step: S = |start| + |i step|, two roundings", Growth.NONE, half=0.51, extra=3.0
    ),
    "normal": _row(
        (4.0, "contract, RNG: Box-Muller 4"),
        (4.0, "contract, RNG: Box-Muller 4"),
        (1.0, "contract, RNG 1"),
        (1.0, "contract, RNG 1"),
        (4.0 * _ROOT2, "contract, RNG: Box-Muller 4, both parts"),
    ),
    "dropout": _same(2.0, "DER the scale 1 / (1 - p) rounded (1 unit), and mul 0.5"),
}


def limit_of(family: str, dtype: DType, badges: Iterable[str] = frozenset()) -> Limit:
    """The limit of a family for results of a dtype, tightened by the badges; integers and bools are exact.

    `tightsum` takes 4 + log2(n) for k(n); `ieee` takes correct rounding for float32's div and sqrt.

    Raises:
        KeyError: the table has no such row, or the row no such dtype; the text says which.
    """
    if dtype not in dtypes.INEXACT:
        return LIMITS["exact"][F64]
    try:
        limit = LIMITS[family][dtype]
    except KeyError:
        raise KeyError(f"the tolerance table has no cell for {family!r} in {dtype.name}") from None
    if not badges:
        return limit
    if limit.growth is Growth.ROOT and "tightsum" in badges:
        return replace(limit, growth=Growth.LOG, source=f"{limit.source}; badge tightsum")
    if family in ("div", "sqrt") and dtype is F32 and "ieee" in badges:
        return replace(limit, ulp=0.5, source="badge ieee: IEEE 5.4.1")
    return limit
