"""autocast and GradScaler beside PyTorch's."""

from __future__ import annotations

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

FUNCTIONS = {
    "matmul": lambda m, x: x @ x,
    "linear": lambda m, x: m.nn.functional.linear(x, x),
    "conv": lambda m, x: m.nn.functional.conv1d(x[None], x[None]),
    "add": lambda m, x: x + x,
    "halves": lambda m, x: (x @ x) * (x @ x),
    "mixed": lambda m, x: (x @ x) + x,
    "relu of product": lambda m, x: m.relu(x @ x),
    "mse_loss": lambda m, x: m.nn.functional.mse_loss(x @ x, x @ x),
    "attention": lambda m, x: m.nn.functional.scaled_dot_product_attention(x[None], x[None], x[None]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_result_types_are_pytorchs(name: str) -> None:
    seen = []
    for m in (torch, unison):
        with m.autocast("cpu", dtype=m.bfloat16):
            seen.append(str(FUNCTIONS[name](m, m.ones(3, 3)).dtype).rpartition(".")[2])
    assert seen[0] == seen[1]


def test_a_scaler_takes_the_same_way() -> None:
    ways = []
    for m in (torch, unison):
        p = m.nn.Parameter(m.ones(3))
        optimizer = m.optim.SGD([p], lr=0.1)
        scaler = m.amp.GradScaler("cpu", init_scale=16.0, growth_interval=2)
        way = []
        for step in range(8):
            optimizer.zero_grad()
            factor = float("inf") if step in (2, 5) else 1.0 + step
            scaler.scale((p * factor).sum()).backward()
            if step % 2:
                scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            # Rounded to float16: PyTorch's step fuses a multiplication and an addition.
            way.append((scaler.get_scale(), [float(v) for v in p.detach().half()]))
        ways.append((way, scaler.state_dict()))
    assert ways[0] == ways[1]
