"""Derivatives of the oracle by central differences: they know nothing of any gradient rule.

Inputs lie on a grid of 2^-16, so that x + h v is exact in float64 for the steps used here. The oracle is good to about
2^-100, so a first difference with h = 2^-33 is good to 2^-66 and a mixed second one with h = 2^-22 to about 2^-44 of
its scale, both far below what float64 and float32 results are held to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from unison_conformance.cases.listing import samples_of
from unison_conformance.cases.values import draw
from unison_conformance.oracle import expected
from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide, wide
from unison_core import dtypes, operator
from unison_core.samples import Arg

__all__ = ["Directional", "Exact", "exact", "inner", "usable"]

_STEP, _STEP_TWICE = 2.0**-33, 2.0**-22
_GRID = 2.0**16
_SMALL = 6
_MOST = 64
_FEW = 5

Arrays = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Directional:
    """d<g, f> along `along` of input number `number`; `scale` bounds the sum of the absolute terms."""

    number: int
    along: Any
    value: float
    low: float
    scale: float


@dataclass(frozen=True, slots=True)
class Exact:
    """A call with its cotangents, and derivatives of <g, f>.

    `elements` are (input number, gradient as Wide, S) where every element is known; `second` is the derivative of
    <gradient, v> along w, with (v, w, value, S), or None.
    """

    inputs: Arrays
    attrs: dict[str, Any]
    cotangents: Arrays
    directions: tuple[Directional, ...]
    elements: tuple[tuple[int, Wide, Any], ...]
    second: tuple[Arrays, Arrays, float, float] | None
    terms: int


def usable(name: str) -> list[int]:
    """The samples to differentiate at: three at most, the smallest enough to stay quick."""
    sizes = {}
    for n, sample in enumerate(samples_of(name)):
        floating = [x for x in sample.inputs if isinstance(x, Arg) and x.dtype in {None, *dtypes.INEXACT}]
        count = sum(int(np.prod(x.shape)) for x in floating)
        if sample.gradient and floating and all(0 not in x.shape for x in floating):
            sizes[n] = count
    small = [n for n, count in sizes.items() if count <= _MOST]
    # Two directions for each input: those of many inputs are seen from all sides sooner.
    enough = 3 if len(operator.registry[name].data) <= _FEW else 2
    return (small or sorted(sizes, key=lambda n: sizes[n]))[:enough]


def _is_inexact(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def _on_grid(x: Any) -> Any:
    if x.dtype.kind == "c":
        return np.asarray(_on_grid(x.real) + 1j * _on_grid(x.imag))
    return np.asarray(np.rint(x * _GRID) / _GRID)


def _direction(rng: np.random.Generator, x: Any, sample_arg: Any) -> Any:
    """Sixteenths between 1/2 and 1 with random signs; symmetric where the operator reads one triangle only."""

    def real() -> Any:
        return rng.integers(8, 16, x.shape) / 16.0 * rng.choice([-1.0, 1.0], x.shape)

    out = real() + 1j * real() if x.dtype.kind == "c" else real()
    made = isinstance(sample_arg, Arg) and sample_arg.make in ("positive_definite", "symmetric")
    return np.asarray(out + np.swapaxes(out.conj(), -1, -2) if made else out)


def _parts(reference: Reference) -> list[Wide] | None:
    """The result's real parts (one, or two of a complex result) as Wide; None if it is of integers."""
    value = reference.value
    if isinstance(value, Wide):
        return [value]
    if isinstance(value, tuple):
        return list(value)
    if value.dtype.kind == "c":
        return [wide(value.real), wide(value.imag)]
    return [wide(value)] if value.dtype.kind == "f" else None


def _results(name: str, inputs: Arrays, attrs: dict[str, Any]) -> list[list[Wide] | None]:
    return [_parts(r) for r in expected(name, inputs, attrs)]


def inner(cotangents: Any, parts: Any) -> Wide:
    """sum(g f) over real and imaginary parts; None counts nothing."""
    total = Wide(np.zeros(()))
    for g, ps in zip(cotangents, parts, strict=True):
        if g is not None and ps is not None:
            for c, p in zip([g.real, g.imag], ps, strict=False):
                total = total + (p * np.asarray(c)).sum()
    return total


def _moved(inputs: Arrays, steps: Arrays) -> Arrays:
    return tuple(x if s is None else np.asarray(x + s) for x, s in zip(inputs, steps, strict=True))


def _difference(a: Any, b: Any, over: float) -> Any:
    return [
        None if p is None else [(x - y) / over for x, y in zip(p, q, strict=True)]
        for p, q in zip(a, b, strict=True)
    ]


def _norm(parts: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.square(p.hi)) for ps in parts if ps is not None for p in ps)))


@lru_cache(1024)
def exact(name: str, number: int, *, complex_: bool = False) -> Exact:
    """The derivatives at a sample."""
    op, sample = operator.registry[name], samples_of(name)[number]
    kind = dtypes.complex128 if complex_ else dtypes.float64
    rng = np.random.default_rng(number + 17)
    hosts = [draw(x, kind, "ordinary", i) if isinstance(x, Arg) else x for i, x in enumerate(sample.inputs)]
    inputs = tuple(_on_grid(x) if _is_inexact(x) else x for x in hosts)
    attrs = {**op.defaults, **sample.attrs}
    base = _results(name, inputs, attrs)
    cotangents = tuple(
        None if p is None else _direction(rng, np.empty(p[0].shape, complex if len(p) == 2 else float), None)
        for p in base
    )
    moving = [i for i, x in enumerate(inputs) if _is_inexact(x)]
    along = {i: [_direction(rng, inputs[i], sample.inputs[i]) for _ in range(2)] for i in moving}
    terms = sum(inputs[i].size for i in moving) + sum(p[0].size for p in base if p is not None)
    elements: list[Any] = []
    directions: list[Directional] = []
    for i in moving:
        if op.elementwise and not complex_:
            elements.append(_each(name, inputs, attrs, cotangents[0], i, base))
        else:
            directions += _along(name, inputs, attrs, cotangents, i, along[i], _norm(base))
    second = None if complex_ else _twice(name, inputs, attrs, cotangents, along)
    return Exact(inputs, attrs, cotangents, tuple(directions), tuple(elements), second, terms)


def _only(inputs: Arrays, i: int, step: Any) -> Arrays:
    return tuple(step if j == i else None for j in range(len(inputs)))


def _each(name: str, inputs: Arrays, attrs: Any, g: Any, i: int, base: Any) -> tuple[int, Wide, Any]:
    """The whole gradient of an elementwise operator: one difference at all elements at once.

    S of an element is the sum of |g| (|f'| + |x f''|): what its terms weigh, and what rounding x first would do.
    """
    up = _results(name, _moved(inputs, _only(inputs, i, _STEP)), attrs)
    down = _results(name, _moved(inputs, _only(inputs, i, -_STEP)), attrs)
    slope = _difference(up, down, 2 * _STEP)[0][0]
    bend = np.abs((((up[0][0] + down[0][0]) - base[0][0] * 2.0) / _STEP**2).hi)
    size = np.abs(g) * (np.abs(slope.hi) + bend * np.abs(inputs[i]))
    return i, _sum_to(slope * g, inputs[i].shape), _sum_to(wide(size), inputs[i].shape).hi


def _sum_to(x: Wide, shape: tuple[int, ...]) -> Wide:
    lead = x.ndim - len(shape)
    axes = tuple(a for a, n in enumerate(x.shape) if a < lead or (shape[a - lead] == 1 and n != 1))
    return (x.sum(axes) if axes else x).reshape(*shape)


def _along(
    name: str, inputs: Arrays, attrs: Any, g: Arrays, i: int, along: list[Any], result: float
) -> list[Directional]:
    """Two random directions of one input, and each coordinate of a small one.

    S = |g| |v| |J|, in the norms of Euclid and Frobenius, is at least the sum of |g| |J| |v| (Cauchy and Schwarz);
    |J|^2 is the mean of |J v|^2 over random v (Hutchinson, 1990). Where the terms of a rule cancel, as of x / |x|, they
    weigh what the chord |f| / |x| does; of a linear f it is no steeper than |J|.
    """
    size = inputs[i].size
    units = (
        np.eye(size).reshape(size, *inputs[i].shape) if size <= _SMALL and inputs[i].dtype.kind == "f" else []
    )
    symmetric = len(units) and along[0].ndim > 1 and np.array_equal(along[0], np.swapaxes(along[0], -1, -2))
    slopes = []
    for v in [*along, *([] if symmetric else units)]:
        up = _results(name, _moved(inputs, _only(inputs, i, _STEP * v)), attrs)
        down = _results(name, _moved(inputs, _only(inputs, i, -_STEP * v)), attrs)
        slopes.append((v, _difference(up, down, 2 * _STEP)))
    jacobian = np.sqrt(np.mean([_norm(s) ** 2 / np.mean(np.abs(v) ** 2) for v, s in slopes[:2]]))
    chord = result / max(float(np.sqrt(np.sum(np.abs(inputs[i]) ** 2))), 2.0**-16)
    weight = float(np.sqrt(sum(np.sum(np.abs(c) ** 2) for c in g if c is not None)))
    out = []
    for v, slope in slopes:
        value = inner(g, slope)
        scale = weight * max(jacobian, chord) * float(np.sqrt(np.sum(np.abs(v) ** 2)))
        out.append(Directional(i, v, float(value.hi), float(value.lo), scale))
    return out


def _twice(name: str, inputs: Arrays, attrs: Any, g: Arrays, along: Any) -> Any:
    """The mixed second difference along all inputs at once."""
    h = _STEP_TWICE

    def at(a: float, b: float) -> Any:
        steps = tuple(
            None if i not in along else h * (a * along[i][0] + b * along[i][1]) for i in range(len(inputs))
        )
        return _results(name, _moved(inputs, steps), attrs)

    right, left = _difference(at(1, 1), at(1, -1), 2 * h), _difference(at(-1, 1), at(-1, -1), 2 * h)
    bend = _difference(right, left, 2 * h)
    weight = float(np.sqrt(sum(np.sum(np.square(c)) for c in g if c is not None)))
    # The rule's terms weigh what the first derivatives and the second one do.
    scale = weight * (_norm(right) + _norm(left) + _norm(bend)) * np.sqrt(len(along) + 1.0)
    vs, ws = (tuple(along[i][k] if i in along else None for i in range(len(inputs))) for k in (0, 1))
    return vs, ws, float(inner(g, bend).hi), float(scale)
