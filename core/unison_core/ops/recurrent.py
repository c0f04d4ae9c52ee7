"""Recurrent layers over a whole sequence, from inputs that are already multiplied by their weight.

Sequences are (T, N, features); `reverse` runs from the last step to the first. Outputs stand at their step's place.
The results beside the outputs are what the gradient needs; each of them has a right gradient too.
"""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.ops.linalg import transpose_last
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec

__all__ = ["gru", "gru_backward", "lstm", "lstm_backward", "rnn", "rnn_backward"]


def _steps(x: Any, reverse: bool) -> list[int]:
    places = list(range(x.shape[0]))
    return places[::-1] if reverse else places


def _at(x: Any, t: int) -> Any:
    return ops.slice(x, key=(t,))


def _parts(x: Any, count: int) -> list[Any]:
    """x (N, count * H) in `count` equal parts."""
    size = x.shape[1] // count
    return [ops.slice(x, key=(slice(None), slice(i * size, (i + 1) * size))) for i in range(count)]


def _in_order(steps: list[Any], reverse: bool) -> Any:
    """The results of the steps, in the order they were computed, as one sequence."""
    rows = [ops.view(s, shape=(1, *s.shape)) for s in (steps[::-1] if reverse else steps)]
    return ops.cat(*rows, dim=0)


def _before(y: Any, first: Any, reverse: bool) -> Any:
    """For each place of a sequence the state that the step began with."""
    head = ops.view(first, shape=(1, *first.shape))
    count = y.shape[0]
    if reverse:
        return ops.cat(ops.slice(y, key=(slice(1, count),)), head, dim=0)
    return ops.cat(head, ops.slice(y, key=(slice(0, count - 1),)), dim=0)


def _weight_gradient(ga: Any, before: Any) -> Any:
    """The sum over steps and batch of ga^T before."""
    rows = ga.shape[0] * ga.shape[1]
    flat = ops.reshape(ga, shape=(rows, ga.shape[2]))
    return ops.matmul(transpose_last(flat), ops.reshape(before, shape=(rows, before.shape[2])))


def _plus(a: Any, b: Any) -> Any:
    return b if a is None else (a if b is None else ops.add(a, b))


def _through_sigmoid(g: Any, s: Any) -> Any:
    return ops.mul(g, ops.mul(s, ops.sub(scalar_like(1, s), s)))


def _through_tanh(g: Any, t: Any) -> Any:
    return ops.mul(g, ops.sub(scalar_like(1, t), ops.mul(t, t)))


def _gradient_at(g: Any, t: int) -> Any:
    return None if g is None else _at(g, t)


def _check(name: str, x: Spec, weight: Spec, gates: int, *states: Spec) -> None:
    size = weight.shape[1] if weight.ndim == 2 else 0
    state = (x.shape[1], size) if x.ndim == 3 else ()
    if x.ndim != 3 or weight.shape != (gates * size, size) or x.shape[2] != gates * size or 0 in x.shape[:1]:
        raise OperatorError(
            f"{name} expects projected inputs (T > 0, N, {gates} * H) and a recurrent weight ({gates} * H, H), got "
            f"{list(x.shape)} and {list(weight.shape)}"
        )
    for s in states:
        if s.shape != state or s.dtype is not x.dtype:
            raise OperatorError(
                f"{name} expects {x.dtype.name} states {list(state)}, got {s.dtype.name} {list(s.shape)}"
            )


@composite(dtypes=FLOATING)
def lstm(
    x: Array, h0: Array, c0: Array, weight: Array, *, reverse: bool = False
) -> tuple[Array, Array, Array]:
    """(outputs, cells, gates) of an LSTM layer: x (T, N, 4H) with biases, h0 and c0 (N, H), weight (4H, H).

    i, f, g, o = parts of x + h weight^T, through sigmoid but g through tanh; c = f c + i g; h = o tanh(c).
    Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
    """
    h, c, turned = h0, c0, transpose_last(weight)
    kept: list[tuple[Any, Any, Any]] = []
    for t in _steps(x, reverse):
        i, f, g, o = _parts(ops.add(_at(x, t), ops.matmul(h, turned)), 4)
        i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
        c = ops.add(ops.mul(f, c), ops.mul(i, g))
        h = ops.mul(o, ops.tanh(c))
        kept.append((h, c, ops.cat(i, f, g, o, dim=1)))
    ys, cs, gates = zip(*kept, strict=True)
    return _in_order(list(ys), reverse), _in_order(list(cs), reverse), _in_order(list(gates), reverse)


@lstm.infer
def lstm_infer(x: Spec, h0: Spec, c0: Spec, weight: Spec, *, reverse: bool) -> tuple[Spec, Spec, Spec]:
    _check("lstm", x, weight, 4, h0, c0)
    states = x.like((*x.shape[:2], weight.shape[1]))
    return states, states, x.like()


@lstm.vjp(values=dict.fromkeys(("x", "h0", "c0", "weight"), "h0 c0 weight out"))
def lstm_vjp(g: Any, out: Any, x: Any, h0: Any, c0: Any, weight: Any, *, reverse: bool) -> Any:
    gx, gh, gc, gw = lstm_backward(*out, h0, c0, weight, *g, reverse=reverse)
    return gx, gh, gc, gw


@lstm.samples
def lstm_samples() -> Any:
    for reverse in (False, True):
        yield good(arg(3, 2, 8), arg(2, 2), arg(2, 2), arg(8, 2), reverse=reverse)
    yield good(arg(1, 3, 4), arg(3, 1), arg(3, 1), arg(4, 1), reverse=False)
    yield bad(RuntimeError, "projected inputs", arg(3, 2, 7), arg(2, 2), arg(2, 2), arg(8, 2), reverse=False)


@composite(dtypes=FLOATING)
def lstm_backward(
    y: Array,
    c: Array,
    gates: Array,
    h0: Array,
    c0: Array,
    weight: Array,
    g_y: Array,
    g_c: Array,
    g_gates: Array,
    *,
    reverse: bool = False,
) -> tuple[Array, Array, Array, Array]:
    """The gradients of lstm with respect to (x, h0, c0, weight), from those of its results (None for no gradient)."""
    before, cells = _before(y, h0, reverse), _before(c, c0, reverse)
    gh = gc = None
    gas: list[Any] = []
    for t in _steps(y, not reverse):
        i, f, gate, o = _parts(_at(gates, t), 4)
        extra = [None] * 4 if g_gates is None else _parts(_at(g_gates, t), 4)
        top = ops.tanh(_at(c, t))
        gh = _or_zero(_plus(gh, _gradient_at(g_y, t)), h0)
        gc = ops.add(_or_zero(_plus(gc, _gradient_at(g_c, t)), c0), _through_tanh(ops.mul(gh, o), top))
        slopes = (
            _through_sigmoid(_plus(ops.mul(gc, gate), extra[0]), i),
            _through_sigmoid(_plus(ops.mul(gc, _at(cells, t)), extra[1]), f),
            _through_tanh(_plus(ops.mul(gc, i), extra[2]), gate),
            _through_sigmoid(_plus(ops.mul(gh, top), extra[3]), o),
        )
        gas.append(ops.cat(*slopes, dim=1))
        gh, gc = ops.matmul(gas[-1], weight), ops.mul(gc, f)
    ga = _in_order(gas, not reverse)
    return ga, gh, gc, _weight_gradient(ga, before)


def _or_zero(g: Any, like: Any) -> Any:
    return scalar_like(0, like) if g is None else g


@lstm_backward.infer
def lstm_backward_infer(
    y: Spec,
    c: Spec,
    gates: Spec,
    h0: Spec,
    c0: Spec,
    weight: Spec,
    g_y: Any,
    g_c: Any,
    g_gates: Any,
    *,
    reverse: bool,
) -> tuple[Spec, Spec, Spec, Spec]:
    return gates.like(), h0.like(), c0.like(), weight.like()


@lstm_backward.samples
def lstm_backward_samples() -> Any:
    y, c, gates, state, weight = arg(3, 2, 2), arg(3, 2, 2), arg(3, 2, 8, low=0, high=1), arg(2, 2), arg(8, 2)
    yield good(y, c, gates, state, state, weight, arg(3, 2, 2), None, None, reverse=False)
    yield good(y, c, gates, state, state, weight, arg(3, 2, 2), arg(3, 2, 2), arg(3, 2, 8), reverse=True)


@composite(dtypes=FLOATING)
def gru(x: Array, h0: Array, weight: Array, bias: Array, *, reverse: bool = False) -> tuple[Array, Array]:
    """(outputs, gates) of a GRU layer: x (T, N, 3H) with its bias, h0 (N, H), weight (3H, H), bias (3H) or None.

    r, z, n are the parts: r, z = sigmoid(x + u), n = tanh(x_n + r u_n) with u = h weight^T + bias; h' = n + z (h - n).
    The gates are (T, N, 4H): r, z, n and u_n. Cho et al., 2014.
    """
    h, turned = h0, transpose_last(weight)
    kept: list[tuple[Any, Any]] = []
    for t in _steps(x, reverse):
        u = ops.matmul(h, turned)
        u = u if bias is None else ops.add(u, bias)
        x_r, x_z, x_n = _parts(_at(x, t), 3)
        u_r, u_z, u_n = _parts(u, 3)
        r, z = ops.sigmoid(ops.add(x_r, u_r)), ops.sigmoid(ops.add(x_z, u_z))
        n = ops.tanh(ops.add(x_n, ops.mul(r, u_n)))
        h = ops.add(n, ops.mul(z, ops.sub(h, n)))
        kept.append((h, ops.cat(r, z, n, u_n, dim=1)))
    ys, gates = zip(*kept, strict=True)
    return _in_order(list(ys), reverse), _in_order(list(gates), reverse)


@gru.infer
def gru_infer(x: Spec, h0: Spec, weight: Spec, bias: Any, *, reverse: bool) -> tuple[Spec, Spec]:
    _check("gru", x, weight, 3, h0)
    size = weight.shape[1]
    if bias is not None and bias.shape != (3 * size,):
        raise OperatorError(f"gru expects a bias [{3 * size}], got {list(bias.shape)}")
    return x.like((*x.shape[:2], size)), x.like((*x.shape[:2], 4 * size))


@gru.vjp(values=dict.fromkeys(("x", "h0", "weight", "bias"), "h0 weight out"), specs="bias")
def gru_vjp(g: Any, out: Any, x: Any, h0: Any, weight: Any, bias: Any, *, reverse: bool) -> Any:
    gx, gh, gw, gb = gru_backward(*out, h0, weight, *g, reverse=reverse)
    return gx, gh, gw, None if bias is None else gb


@gru.samples
def gru_samples() -> Any:
    for reverse in (False, True):
        yield good(arg(3, 2, 6), arg(2, 2), arg(6, 2), arg(6), reverse=reverse)
    yield good(arg(1, 3, 3), arg(3, 1), arg(3, 1), None, reverse=False)
    yield bad(RuntimeError, "projected inputs", arg(3, 2, 7), arg(2, 2), arg(6, 2), None, reverse=False)


@composite(dtypes=FLOATING)
def gru_backward(
    y: Array, gates: Array, h0: Array, weight: Array, g_y: Array, g_gates: Array, *, reverse: bool = False
) -> tuple[Array, Array, Array, Array]:
    """The gradients of gru with respect to (x, h0, weight, bias), from those of its results (None for no gradient)."""
    before = _before(y, h0, reverse)
    gh = None
    inputs: list[Any] = []
    recurrent: list[Any] = []
    for t in _steps(y, not reverse):
        r, z, n, u_n = _parts(_at(gates, t), 4)
        extra = [None] * 4 if g_gates is None else _parts(_at(g_gates, t), 4)
        gh = _or_zero(_plus(gh, _gradient_at(g_y, t)), h0)
        kept = ops.mul(gh, z)
        ga_n = _through_tanh(_plus(ops.sub(gh, kept), extra[2]), n)
        ga_z = _through_sigmoid(_plus(ops.mul(gh, ops.sub(_at(before, t), n)), extra[1]), z)
        ga_r = _through_sigmoid(_plus(ops.mul(ga_n, u_n), extra[0]), r)
        inputs.append(ops.cat(ga_r, ga_z, ga_n, dim=1))
        recurrent.append(ops.cat(ga_r, ga_z, _plus(ops.mul(ga_n, r), extra[3]), dim=1))
        gh = ops.add(kept, ops.matmul(recurrent[-1], weight))
    gu = _in_order(recurrent, not reverse)
    gb = ops.sum(gu, dim=(0, 1), keepdim=False)
    return _in_order(inputs, not reverse), gh, _weight_gradient(gu, before), gb


@gru_backward.infer
def gru_backward_infer(
    y: Spec, gates: Spec, h0: Spec, weight: Spec, g_y: Any, g_gates: Any, *, reverse: bool
) -> tuple[Spec, Spec, Spec, Spec]:
    size = weight.shape[0]
    return y.like((*y.shape[:2], size)), h0.like(), weight.like(), weight.like((size,))


@gru_backward.samples
def gru_backward_samples() -> Any:
    y, gates, h0, weight = arg(3, 2, 2), arg(3, 2, 8, low=0, high=1), arg(2, 2), arg(6, 2)
    yield good(y, gates, h0, weight, arg(3, 2, 2), None, reverse=False)
    yield good(y, gates, h0, weight, arg(3, 2, 2), arg(3, 2, 8), reverse=True)


@composite(dtypes=FLOATING)
def rnn(x: Array, h0: Array, weight: Array, *, relu: bool = False, reverse: bool = False) -> Array:
    """The outputs h' = tanh(x + h weight^T), or relu of it: x (T, N, H) with biases, h0 (N, H), weight (H, H).

    Elman, Finding Structure in Time, 1990.
    """
    h, turned = h0, transpose_last(weight)
    kept: list[Any] = []
    for t in _steps(x, reverse):
        a = ops.add(_at(x, t), ops.matmul(h, turned))
        h = ops.relu(a) if relu else ops.tanh(a)
        kept.append(h)
    return _in_order(kept, reverse)


@rnn.infer
def rnn_infer(x: Spec, h0: Spec, weight: Spec, *, relu: bool, reverse: bool) -> Spec:
    _check("rnn", x, weight, 1, h0)
    return x.like()


@rnn.vjp(values=dict.fromkeys(("x", "h0", "weight"), "h0 weight out"))
def rnn_vjp(g: Any, out: Any, x: Any, h0: Any, weight: Any, *, relu: bool, reverse: bool) -> Any:
    return rnn_backward(g, out, h0, weight, relu=relu, reverse=reverse)


@rnn.samples
def rnn_samples() -> Any:
    for reverse in (False, True):
        yield good(arg(3, 2, 4), arg(2, 4), arg(4, 4), relu=False, reverse=reverse)
    yield good(arg(2, 3, 2, low=3, high=5), arg(3, 2, low=0.1), arg(2, 2, low=0.1), relu=True, reverse=False)
    yield bad(RuntimeError, "projected inputs", arg(3, 2, 7), arg(2, 2), arg(6, 2), relu=False, reverse=False)


@composite(dtypes=FLOATING)
def rnn_backward(
    g: Array, y: Array, h0: Array, weight: Array, *, relu: bool = False, reverse: bool = False
) -> tuple[Array, Array, Array]:
    """The gradients of rnn with respect to (x, h0, weight)."""
    gh = None
    gas: list[Any] = []
    for t in _steps(y, not reverse):
        total, h = _plus(gh, _at(g, t)), _at(y, t)
        gas.append(ops.threshold_backward(total, h) if relu else _through_tanh(total, h))
        gh = ops.matmul(gas[-1], weight)
    ga = _in_order(gas, not reverse)
    return ga, gh, _weight_gradient(ga, _before(y, h0, reverse))


@rnn_backward.infer
def rnn_backward_infer(
    g: Spec, y: Spec, h0: Spec, weight: Spec, *, relu: bool, reverse: bool
) -> tuple[Spec, Spec, Spec]:
    return y.like(), h0.like(), weight.like()


@rnn_backward.samples
def rnn_backward_samples() -> Any:
    yield good(arg(3, 2, 2), arg(3, 2, 2), arg(2, 2), arg(2, 2), relu=False, reverse=False)
    yield good(arg(3, 2, 2), arg(3, 2, 2, away=0.1), arg(2, 2), arg(2, 2), relu=True, reverse=True)
