"""Recurrent networks against their formulas, step by step in NumPy."""

import numpy as np
import pytest

import unison
from unison import nn


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, h, c, w, u, b, d, w_hr=None):
    i, f, g, o = np.split(x @ w.T + b + h @ u.T + d, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return (h if w_hr is None else h @ w_hr.T), c


def gru_step(x, h, w, u, b, d):
    x_r, x_z, x_n = np.split(x @ w.T + b, 3, axis=1)
    h_r, h_z, h_n = np.split(h @ u.T + d, 3, axis=1)
    z = sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + z * h


def weights_of(module, suffix):
    return [value.detach().numpy() for name, value in module.named_parameters() if name.endswith(suffix)]


@pytest.mark.parametrize("proj_size", [0, 2])
def test_lstm_runs_its_formula(proj_size):
    lstm = nn.LSTM(3, 4, proj_size=proj_size, dtype=unison.float64)
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    h, c = np.zeros((2, proj_size or 4)), np.zeros((2, 4))
    outputs = []
    for step in x:
        h, c = lstm_step(step, h, c, *weights_of(lstm, "_l0"))
        outputs.append(h)
    got, (last_h, last_c) = lstm(unison.from_numpy(x))
    np.testing.assert_allclose(got.detach().numpy(), np.stack(outputs), rtol=1e-12)
    np.testing.assert_allclose(last_h[0].detach().numpy(), h, rtol=1e-12)
    np.testing.assert_allclose(last_c[0].detach().numpy(), c, rtol=1e-12)


def test_bidirectional_gru_runs_its_formula_both_ways():
    gru = nn.GRU(3, 4, bidirectional=True, dtype=unison.float64)
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    h, there = np.zeros((2, 4)), []
    for step in x:
        h = gru_step(step, h, *weights_of(gru, "_l0"))
        there.append(h)
    h, back = np.zeros((2, 4)), []
    for step in x[::-1]:
        h = gru_step(step, h, *weights_of(gru, "_l0_reverse"))
        back.insert(0, h)
    got, last = gru(unison.from_numpy(x))
    expected = np.concatenate([np.stack(there), np.stack(back)], axis=2)
    np.testing.assert_allclose(got.detach().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(last.detach().numpy(), np.stack([there[-1], back[0]]), rtol=1e-12)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_sequences_run_as_each_sequence_alone(kind, bidirectional):
    rnn = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=bidirectional, dtype=unison.float64)
    rng = np.random.default_rng(0)
    sequences = [unison.from_numpy(rng.normal(size=(length, 3))) for length in (2, 5, 1, 5)]
    output, hidden = rnn(nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    outputs = nn.utils.rnn.unpack_sequence(output)
    hidden = hidden[0] if kind == "LSTM" else hidden
    for index, sequence in enumerate(sequences):
        alone, last = rnn(sequence)
        last = last[0] if kind == "LSTM" else last
        np.testing.assert_allclose(outputs[index].detach().numpy(), alone.detach().numpy(), rtol=1e-12)
        np.testing.assert_allclose(hidden[:, index].detach().numpy(), last.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_cells_chained_are_the_network(kind):
    rnn = getattr(nn, kind)(3, 4, dtype=unison.float64)
    cell = getattr(nn, f"{kind}Cell")(3, 4, dtype=unison.float64)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in rnn.state_dict().items()})
    x = unison.from_numpy(np.random.default_rng(0).normal(size=(5, 2, 3)))
    state = None
    for step in x:
        state = cell(step, state)
    last = rnn(x)[1]
    got, expected = (state[0], last[0]) if kind == "LSTM" else (state, last)
    np.testing.assert_allclose(got.detach().numpy(), expected[0].detach().numpy(), rtol=1e-12)
