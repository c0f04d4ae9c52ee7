"""Kernels of recurrent layers: one product a step, gates in place, gradients of weights in one product at the end.

Half types are computed in float32 and rounded once. sigmoid(x) is (tanh(x / 2) + 1) / 2, so that one call of tanh
serves all gates; the halves are multiplied into weight and input beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Recurrent"]


class Recurrent:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "gru": self.gru,
            "gru_backward": self.gru_backward,
            "lstm": self.lstm,
            "lstm_backward": self.lstm_backward,
            "rnn": self.rnn,
            "rnn_backward": self.rnn_backward,
        }

    def _settle(self, gates: int, x: Any, weight: Any, *states: Any) -> int:
        """The size of the state; refuses what the operators' rules refuse."""
        self.kit.require_floating(x)
        size = weight.shape[-1]
        same = all(s.shape == (x.shape[1], size) and s.dtype is x.dtype for s in states)
        if (
            x.ndim != 3
            or not x.shape[0]
            or x.shape[2] != gates * size
            or weight.shape != (gates * size, size)
            or not same
        ):
            raise TypeError("inputs, states and weight do not fit")
        return int(size)

    def _steps(self, count: int, reverse: bool) -> range:
        return range(count - 1, -1, -1) if reverse else range(count)

    def _halves(self, size: int, signs: str, dtype: Any) -> tuple[Any, Any]:
        """Factor and shift of the gates: 1/2 and 1/2 for a sigmoid "s", 1 and 0 for a tanh "t"."""
        factor = [0.5 if s == "s" else 1.0 for s in signs]
        shift = [0.5 if s == "s" else 0.0 for s in signs]
        return tuple(self.xp.repeat(self.xp.asarray(a, dtype=dtype), size) for a in (factor, shift))

    def _narrow(self, like: Any, *arrays: Any) -> tuple[Any, ...]:
        return tuple(a.astype(like.dtype, copy=False) for a in arrays)

    def _before(self, y: Any, first: Any, reverse: bool) -> Any:
        """For each place the state that the step began with."""
        out = self.xp.empty_like(y)
        if reverse:
            out[:-1], out[-1] = y[1:], first
        else:
            out[1:], out[0] = y[:-1], first
        return out

    def _flat(self, a: Any) -> Any:
        return a.reshape(-1, a.shape[2])

    def lstm(self, x: Any, h0: Any, c0: Any, weight: Any, *, reverse: bool) -> tuple[Any, Any, Any]:
        xp, wide = self.xp, self.kit.wide
        size = self._settle(4, x, weight, h0, c0)
        h, c, w = wide(h0), wide(c0), wide(weight)
        factor, shift = self._halves(size, "ssts", w.dtype)
        turned = xp.ascontiguousarray((w * factor[:, None]).T)
        gates = wide(x) * factor
        ys, cs = xp.empty((2, *gates.shape[:2], size), dtype=w.dtype)
        product = xp.empty(gates.shape[1:], dtype=w.dtype)
        for t in self._steps(len(gates), reverse):
            a = gates[t]
            a += xp.matmul(h, turned, out=product)
            xp.tanh(a, out=a)
            a *= factor
            a += shift
            i, f, g, o = (a[:, k * size : (k + 1) * size] for k in range(4))
            c = xp.multiply(f, c, out=cs[t])
            c += i * g
            h = xp.tanh(c, out=ys[t])
            h *= o
        return self._narrow(x, ys, cs, gates)

    def lstm_backward(
        self,
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
    ) -> tuple[Any, Any, Any, Any]:
        xp, w = self.xp, self.kit.wide(weight)
        ys, cs, acts = self.kit.wide(y), self.kit.wide(c), self.kit.wide(gates)
        size = ys.shape[2]
        before, cells = self._before(ys, h0, reverse), self._before(cs, c0, reverse)
        tops, ga = xp.tanh(cs), self._slopes(acts, "ssts")
        gh, gc = xp.zeros(h0.shape, dtype=w.dtype), xp.zeros(h0.shape, dtype=w.dtype)
        for t in self._steps(len(ys), not reverse):
            i, f, g, o = (acts[t, :, k * size : (k + 1) * size] for k in range(4))
            top, a = tops[t], ga[t]
            up = xp.empty_like(a)
            u_i, u_f, u_g, u_o = (up[:, k * size : (k + 1) * size] for k in range(4))
            if g_y is not None:
                gh += g_y[t]
            if g_c is not None:
                gc += g_c[t]
            xp.multiply(gh, top, out=u_o)
            gh *= o
            gc += gh
            gh *= top
            gh *= top
            gc -= gh
            xp.multiply(gc, g, out=u_i)
            xp.multiply(gc, cells[t], out=u_f)
            xp.multiply(gc, i, out=u_g)
            if g_gates is not None:
                up += g_gates[t]
            a *= up
            xp.matmul(a, w, out=gh)
            gc *= f
        gw = self._flat(ga).T @ self._flat(before)
        return self._narrow(y, ga, gh, gc, gw)

    def _slopes(self, acts: Any, signs: str) -> Any:
        """What the gradients of gates are multiplied by: a (1 - a) of a sigmoid "s", 1 - a^2 of a tanh "t"."""
        out = acts * acts
        size = acts.shape[2] // len(signs)
        for k, sign in enumerate(signs):
            place = slice(k * size, (k + 1) * size)
            self.xp.subtract(acts[..., place] if sign == "s" else 1, out[..., place], out=out[..., place])
        return out

    def gru(self, x: Any, h0: Any, weight: Any, bias: Any, *, reverse: bool) -> tuple[Any, Any]:
        xp, wide = self.xp, self.kit.wide
        size = self._settle(3, x, weight, h0)
        if bias is not None and bias.shape != (3 * size,):
            raise TypeError("bias of another shape")
        h, turned, xs = wide(h0), xp.ascontiguousarray(wide(weight).T), wide(x)
        shift = None if bias is None else wide(bias)
        ys = xp.empty((*xs.shape[:2], size), dtype=xs.dtype)
        gates = xp.empty((*xs.shape[:2], 4 * size), dtype=xs.dtype)
        for t in self._steps(len(xs), reverse):
            u = xp.matmul(h, turned)
            if shift is not None:
                u += shift
            rz, n, kept = gates[t, :, : 2 * size], gates[t, :, 2 * size : 3 * size], gates[t, :, 3 * size :]
            xp.add(xs[t, :, : 2 * size], u[:, : 2 * size], out=rz)
            rz *= 0.5
            xp.tanh(rz, out=rz)
            rz *= 0.5
            rz += 0.5
            kept[...] = u[:, 2 * size :]
            xp.multiply(rz[:, :size], kept, out=n)
            n += xs[t, :, 2 * size :]
            xp.tanh(n, out=n)
            step = xp.subtract(h, n, out=ys[t])
            step *= rz[:, size:]
            step += n
            h = step
        return self._narrow(x, ys, gates)

    def gru_backward(
        self, y: Any, gates: Any, h0: Any, weight: Any, g_y: Any, g_gates: Any, *, reverse: bool
    ) -> tuple[Any, Any, Any, Any]:
        xp, w, acts, ys = self.xp, self.kit.wide(weight), self.kit.wide(gates), self.kit.wide(y)
        size = ys.shape[2]
        before = self._before(ys, h0, reverse)
        gx, gu = xp.empty((2, *ys.shape[:2], 3 * size), dtype=w.dtype)
        slopes = self._slopes(acts[:, :, : 3 * size], "sst")
        gh = xp.zeros(h0.shape, dtype=w.dtype)
        for t in self._steps(len(ys), not reverse):
            r, z, n, u_n = (acts[t, :, k * size : (k + 1) * size] for k in range(4))
            a_r, a_z, a_n = (gx[t, :, k * size : (k + 1) * size] for k in range(3))
            s_r, s_z, s_n = (slopes[t, :, k * size : (k + 1) * size] for k in range(3))
            e_r, e_z, e_n, e_u = (
                (0, 0, 0, None)
                if g_gates is None
                else (g_gates[t, :, k * size : (k + 1) * size] for k in range(4))
            )
            if g_y is not None:
                gh += g_y[t]
            kept = gh * z
            xp.multiply(gh - kept + e_n, s_n, out=a_n)
            xp.multiply(gh * (before[t] - n) + e_z, s_z, out=a_z)
            xp.multiply(a_n * u_n + e_r, s_r, out=a_r)
            gu[t] = gx[t]
            tail = gu[t, :, 2 * size :]
            tail *= r
            if e_u is not None:
                tail += e_u
            gh = xp.matmul(gu[t], w)
            gh += kept
        gw = self._flat(gu).T @ self._flat(before)
        return self._narrow(y, gx, gh, gw, self._flat(gu).sum(axis=0))

    def rnn(self, x: Any, h0: Any, weight: Any, *, relu: bool, reverse: bool) -> Any:
        xp, wide = self.xp, self.kit.wide
        self._settle(1, x, weight, h0)
        h, turned, xs = wide(h0), xp.ascontiguousarray(wide(weight).T), wide(x)
        ys = xp.empty(xs.shape, dtype=xs.dtype)
        for t in self._steps(len(xs), reverse):
            a = xp.matmul(h, turned, out=ys[t])
            a += xs[t]
            h = xp.maximum(a, 0, out=a) if relu else xp.tanh(a, out=a)
        return ys.astype(x.dtype, copy=False)

    def rnn_backward(
        self, g: Any, y: Any, h0: Any, weight: Any, *, relu: bool, reverse: bool
    ) -> tuple[Any, Any, Any]:
        xp, w, ys = self.xp, self.kit.wide(weight), self.kit.wide(y)
        ga = (ys > 0).astype(ys.dtype) if relu else 1 - ys * ys
        gh = xp.zeros(h0.shape, dtype=w.dtype)
        for t in self._steps(len(ys), not reverse):
            gh += g[t]
            ga[t] *= gh
            xp.matmul(ga[t], w, out=gh)
        gw = self._flat(ga).T @ self._flat(self._before(ys, h0, reverse))
        return self._narrow(y, ga, gh, gw)
