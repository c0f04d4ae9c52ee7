"""One time step of the recurrent networks, and their run over all steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison_core import ops

__all__ = ["STEPS", "States", "run_layer"]

# The state after a step: (h,), or (h, c) of an LSTM.
States = tuple[Tensor, ...]
# step(W_ih x + b, states, weight_hh^T, bias_hh, weight_hr) -> states. ``bias_hh`` is None where b contains it.
_Step = Callable[[Tensor, States, Tensor, Tensor | None, Tensor | None], States]


def _tanh_step(x: Tensor, states: States, weight: Tensor, bias: Any, weight_hr: Any) -> States:
    return (unison.tanh(unison.addmm(x, states[0], weight)),)


def _relu_step(x: Tensor, states: States, weight: Tensor, bias: Any, weight_hr: Any) -> States:
    return (F.relu(unison.addmm(x, states[0], weight)),)


def _lstm_step(x: Tensor, states: States, weight: Tensor, bias: Any, weight_hr: Tensor | None) -> States:
    h, c = states
    i, f, g, o = unison.addmm(x, h, weight).chunk(4, 1)
    c = unison.sigmoid(f) * c + unison.sigmoid(i) * unison.tanh(g)
    h = unison.sigmoid(o) * unison.tanh(c)
    return (h if weight_hr is None else F.linear(h, weight_hr)), c


def _gru_step(x: Tensor, states: States, weight: Tensor, bias: Tensor | None, weight_hr: Any) -> States:
    (h,) = states
    # The reset gate acts on the recurrent part with its bias, so the two biases cannot be added up before.
    recurrent = unison.mm(h, weight) if bias is None else unison.addmm(bias, h, weight)
    x_r, x_z, x_n = x.chunk(3, 1)
    h_r, h_z, h_n = recurrent.chunk(3, 1)
    z = unison.sigmoid(x_z + h_z)
    n = unison.tanh(x_n + unison.sigmoid(x_r + h_r) * h_n)
    return (n + z * (h - n),)


STEPS: dict[str, _Step] = {
    "RNN_TANH": _tanh_step,
    "RNN_RELU": _relu_step,
    "LSTM": _lstm_step,
    "GRU": _gru_step,
}


def run_layer(
    mode: str,
    input: Tensor,
    states: States,
    weights: tuple[Any, ...],
    batch_sizes: list[int] | None,
    reverse: bool,
) -> tuple[Tensor, States]:
    """Run one layer in one direction; return its outputs and its last states.

    ``input`` is (T, N, I), or (sum(batch_sizes), I) packed; states are (N, H) each; weights are weight_ih, weight_hh,
    bias_ih, bias_hh and weight_hr, the last three None where absent. The outputs come like the input, in its order.
    """
    weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = weights
    if bias_ih is not None and mode != "GRU":
        bias_ih, bias_hh = bias_ih + bias_hh, None
    projected = F.linear(input, weight_ih, bias_ih)
    if batch_sizes is None and weight_hr is None:
        return _run_whole(mode, projected, states, weight_hh, bias_hh, reverse)
    steps = list(projected.unbind(0) if batch_sizes is None else projected.split(batch_sizes))
    if reverse:
        steps.reverse()
    run = _run_packed if batch_sizes is not None else _run_dense
    outputs, states = run(STEPS[mode], steps, states, weight_hh.t(), bias_hh, weight_hr)
    if reverse:
        outputs.reverse()
    return (unison.stack(outputs) if batch_sizes is None else unison.cat(outputs)), states


def _run_whole(
    mode: str, projected: Tensor, states: States, weight: Any, bias: Tensor | None, reverse: bool
) -> tuple[Tensor, States]:
    """All steps as one operator."""
    last = 0 if reverse else -1
    if mode == "LSTM":
        outputs, cells, _ = ops.lstm(projected, *states, weight, reverse=reverse)
        return outputs, (outputs[last], cells[last])
    if mode == "GRU":
        outputs, _ = ops.gru(projected, *states, weight, bias, reverse=reverse)
    else:
        outputs = ops.rnn(projected, *states, weight, relu=mode == "RNN_RELU", reverse=reverse)
    return outputs, (outputs[last],)


def _run_dense(
    step: _Step, steps: list[Tensor], states: States, *weights: Any
) -> tuple[list[Tensor], States]:
    outputs = []
    for x in steps:
        states = step(x, states, *weights)
        outputs.append(states[0])
    return outputs, states


def _run_packed(
    step: _Step, steps: list[Tensor], states: States, *weights: Any
) -> tuple[list[Tensor], States]:
    """As _run_dense, for steps of rising (reversed) or falling numbers of sequences.

    A sequence that has not begun waits with its first state, and one that has ended keeps its last.
    """
    waiting, running = states, tuple(state[: steps[0].shape[0]] for state in states)
    ended: list[States] = []
    outputs = []
    for x in steps:
        size, before = x.shape[0], running[0].shape[0]
        if size < before:
            ended.append(tuple(state[size:] for state in running))
            running = tuple(state[:size] for state in running)
        elif size > before:
            begun = (state[before:size] for state in waiting)
            running = tuple(map(unison.cat, zip(running, begun, strict=True)))
        running = step(x, running, *weights)
        outputs.append(running[0])
    ended.append(running)
    return outputs, tuple(unison.cat(parts) for parts in zip(*reversed(ended), strict=True))
