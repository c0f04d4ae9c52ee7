"""Recurrent layers, step by step in tracked numbers: see Note [First-order error bounds].

The bound of a step is carried into the next one, so it grows along the sequence as rounding does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import oracle
from unison_conformance.oracle.tracked import Tracked, stack, total, tracked, where

__all__: list[str] = []


def _order(length: int, reverse: bool) -> list[int]:
    return list(range(length))[::-1] if reverse else list(range(length))


def _parts(x: Tracked, count: int) -> list[Tracked]:
    size = x.shape[-1] // count
    return [x[..., i * size : (i + 1) * size] for i in range(count)]


def _sequence(steps: list[Tracked], reverse: bool) -> Tracked:
    return stack(steps[::-1] if reverse else steps)


def _joined(*parts: Tracked) -> Tracked:
    return stack(parts, -1, join=True)


def _before(y: Any, first: Any, reverse: bool) -> Tracked:
    """The state that each step began with."""
    rows = [*y[1:], first] if reverse else [first, *y[:-1]]
    return tracked(np.stack(rows))


def _at(g: Any, t: int) -> Tracked | None:
    return None if g is None else tracked(g[t])


def _plus(a: Tracked | None, b: Tracked | None, like: Any = None) -> Tracked:
    if a is None:
        return tracked(np.zeros_like(like)) if b is None else b
    return a if b is None else a + b


def _through_tanh(g: Tracked, t: Tracked) -> Tracked:
    return g * (1.0 - t * t)


def _through_sigmoid(g: Tracked, s: Tracked) -> Tracked:
    """g (s - s^2): expanded, its terms are the larger."""
    return g * (s - s * s)


def _weight_gradient(ga: Tracked, before: Tracked) -> Tracked:
    rows = ga.shape[0] * ga.shape[1]
    return ga.reshape(rows, -1).turned @ before.reshape(rows, -1)


def _references(*results: Tracked) -> Any:
    return tuple(r.reference() for r in results)


@oracle("rnn")
def _rnn(x: Any, h0: Any, weight: Any, *, relu: bool, reverse: bool) -> Any:
    h, turned, steps = tracked(h0), tracked(weight).turned, []
    for t in _order(len(x), reverse):
        a = tracked(x[t]) + h @ turned
        h = a.at_least(0.0) if relu else a.tanh()
        steps.append(h)
    return _sequence(steps, reverse).reference()


@oracle("rnn_backward")
def _rnn_backward(g: Any, y: Any, h0: Any, weight: Any, *, relu: bool, reverse: bool) -> Any:
    gh, steps = None, []
    for t in _order(len(y), not reverse):
        up, h = _plus(gh, _at(g, t)), tracked(y[t])
        steps.append(where(y[t] > 0, up, 0.0) if relu else _through_tanh(up, h))
        gh = steps[-1] @ tracked(weight)
    ga = _sequence(steps, not reverse)
    return _references(ga, _plus(gh, None), _weight_gradient(ga, _before(y, h0, reverse)))


@oracle("lstm")
def _lstm(x: Any, h0: Any, c0: Any, weight: Any, *, reverse: bool) -> Any:
    h, c, turned = tracked(h0), tracked(c0), tracked(weight).turned
    ys, cs, gates = [], [], []
    for t in _order(len(x), reverse):
        i, f, g, o = _parts(tracked(x[t]) + h @ turned, 4)
        i, f, g, o = i.gate(), f.gate(), g.tanh(), o.gate()
        c = f * c + i * g
        h = o * c.tanh()
        ys.append(h)
        cs.append(c)
        gates.append(_joined(i, f, g, o))
    return _references(*(_sequence(s, reverse) for s in (ys, cs, gates)))


@oracle("lstm_backward")
def _lstm_backward(
    y: Any,
    c: Any,
    gates: Any,
    h0: Any,
    c0: Any,
    weight: Any,
    g_y: Any,
    g_c: Any,
    g_gates: Any,
    *,
    reverse: bool,
) -> Any:
    cells, gh, gc, steps = _before(c, c0, reverse), None, None, []
    for t in _order(len(y), not reverse):
        i, f, gate, o = _parts(tracked(gates[t]), 4)
        extra = [None] * 4 if g_gates is None else _parts(tracked(g_gates[t]), 4)
        top = tracked(c[t]).tanh()
        gh = _plus(gh, _at(g_y, t), h0)
        # gc + into (1 - top^2), expanded and summed in any order.
        into = gh * o
        gc = total(_plus(gc, _at(g_c, t), c0), into, -(into * top * top))
        slopes = (
            _through_sigmoid(_plus(gc * gate, extra[0]), i),
            _through_sigmoid(_plus(gc * cells[t], extra[1]), f),
            _through_tanh(_plus(gc * i, extra[2]), gate),
            _through_sigmoid(_plus(gh * top, extra[3]), o),
        )
        steps.append(_joined(*slopes))
        gh, gc = steps[-1] @ tracked(weight), gc * f
    ga = _sequence(steps, not reverse)
    return _references(ga, _plus(gh, None), _plus(gc, None), _weight_gradient(ga, _before(y, h0, reverse)))


@oracle("gru")
def _gru(x: Any, h0: Any, weight: Any, bias: Any, *, reverse: bool) -> Any:
    h, turned = tracked(h0), tracked(weight).turned
    ys, gates = [], []
    for t in _order(len(x), reverse):
        u = h @ turned if bias is None else h @ turned + tracked(bias)
        (x_r, x_z, x_n), (u_r, u_z, u_n) = _parts(tracked(x[t]), 3), _parts(u, 3)
        r, z = (x_r + u_r).gate(), (x_z + u_z).gate()
        n = (x_n + r * u_n).tanh()
        h = n + z * (h - n)
        ys.append(h)
        gates.append(_joined(r, z, n, u_n))
    return _references(_sequence(ys, reverse), _sequence(gates, reverse))


@oracle("gru_backward")
def _gru_backward(y: Any, gates: Any, h0: Any, weight: Any, g_y: Any, g_gates: Any, *, reverse: bool) -> Any:
    before, gh, inputs, recurrent = _before(y, h0, reverse), None, [], []
    for t in _order(len(y), not reverse):
        r, z, n, u_n = _parts(tracked(gates[t]), 4)
        extra = [None] * 4 if g_gates is None else _parts(tracked(g_gates[t]), 4)
        gh = _plus(gh, _at(g_y, t), h0)
        kept = gh * z
        ga_n = _through_tanh(_plus(gh - kept, extra[2]), n)
        ga_z = _through_sigmoid(_plus(gh * (before[t] - n), extra[1]), z)
        ga_r = _through_sigmoid(_plus(ga_n * u_n, extra[0]), r)
        inputs.append(_joined(ga_r, ga_z, ga_n))
        recurrent.append(_joined(ga_r, ga_z, _plus(ga_n * r, extra[3])))
        gh = kept + recurrent[-1] @ tracked(weight)
    gu = _sequence(recurrent, not reverse)
    gw, gb = _weight_gradient(gu, before), gu.sum((0, 1))
    return _references(_sequence(inputs, not reverse), _plus(gh, None), gw, gb)
