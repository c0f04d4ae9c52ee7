"""What a call costs: operators on tensors of four elements, and small steps made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["cases"]

Case = tuple[str, Callable[[], object]]


def cases(torch: Any) -> Iterator[Case]:
    """The cases, for either library: `torch` is the module to time."""
    a, b = torch.ones(4), torch.ones(4)
    leaf, other = torch.ones(4, requires_grad=True), torch.ones(4, requires_grad=True)
    matrix = torch.ones(2, 6)
    yield "a + b, no gradient", lambda: a + b
    yield "a + b, with gradient", lambda: leaf + other
    yield "a * 2.0", lambda: a * 2.0
    yield "x[2:5]", lambda: a[2:5]
    yield "x.sum()", a.sum
    yield "x.reshape(3, 4)", lambda: matrix.reshape(3, 4)
    yield "10 multiplications, forward and backward", _chain(leaf, b)
    yield "nn.Linear(4, 4), forward and backward", _linear(torch)
    yield "Adam over 60 parameters of 4", _adam(torch)
    yield "MLP 4-8-8-2, batch 4, Adam step", _mlp(torch)


def _chain(leaf: Any, b: Any) -> Callable[[], object]:
    def run() -> None:
        x = leaf
        for _ in range(10):
            x = x * b
        x.sum().backward()
        leaf.grad = None

    return run


def _linear(torch: Any) -> Callable[[], object]:
    layer = torch.nn.Linear(4, 4)
    x = torch.ones(1, 4)

    def run() -> None:
        layer(x).sum().backward()
        layer.weight.grad = layer.bias.grad = None

    return run


def _adam(torch: Any) -> Callable[[], object]:
    parameters = [torch.nn.Parameter(torch.ones(4)) for _ in range(60)]
    for p in parameters:
        p.grad = torch.ones(4)
    return torch.optim.Adam(parameters, lr=1e-3).step


def _mlp(torch: Any) -> Callable[[], object]:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.ones(4, 4), torch.zeros(4, dtype=torch.int64)
    loss = nn.CrossEntropyLoss()

    def run() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return run
