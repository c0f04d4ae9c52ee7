"""What a call costs: operators on tensors of four elements, and small steps made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["cases"]

Case = tuple[str, Callable[[], object]]


def cases(torch: Any, device: str = "cpu") -> Iterator[Case]:
    """The cases, for either library: `torch` is the module to time."""
    yield from _calls(torch, device)
    leaf, b = torch.ones(4, requires_grad=True, device=device), torch.ones(4, device=device)
    yield "10 multiplications, forward and backward", _chain(leaf, b)
    yield "nn.Linear(4, 4), forward and backward", _linear(torch, device)
    yield "SGD over 60 parameters of 4", _step(torch, device, torch.optim.SGD, lr=1e-3)
    yield (
        "SGD with momentum over 60 parameters of 4",
        _step(torch, device, torch.optim.SGD, lr=1e-3, momentum=0.9),
    )
    yield "Adam over 60 parameters of 4", _step(torch, device, torch.optim.Adam, lr=1e-3)
    yield "RMSprop over 60 parameters of 4", _step(torch, device, torch.optim.RMSprop, lr=1e-3)
    yield "MLP 4-8-8-2, batch 4, Adam step", _mlp(torch, device)


def _calls(torch: Any, device: str) -> Iterator[Case]:
    """Single operators, in the forms in which programs call them."""
    a, b, matrix, square, scores, one = (
        torch.ones(shape, device=device) for shape in ((4,), (4,), (2, 6), (4, 4), (2, 4), ())
    )
    leaf, other = (torch.ones(4, requires_grad=True, device=device) for _ in range(2))
    yield "a + b, no gradient", lambda: a + b
    yield "a + b, with gradient", lambda: leaf + other
    yield "a * 2.0", lambda: a * 2.0
    yield "2.0 - a", lambda: 2.0 - a
    yield "a > 0", lambda: a > 0
    yield "x.exp()", lambda: a.exp()
    yield "x[0]", lambda: a[0]
    yield "x[2:5]", lambda: a[2:5]
    yield "x[:, 1]", lambda: matrix[:, 1]
    yield "x.sum()", lambda: a.sum()
    yield "x.sum(), with gradient", lambda: leaf.sum()
    yield "x.sum(1)", lambda: matrix.sum(1)
    yield "x.mean()", lambda: a.mean()
    yield "x.mean(), with gradient", lambda: leaf.mean()
    yield "x.max()", lambda: a.max()
    yield "x.argmax(1)", lambda: matrix.argmax(1)
    yield "x.item()", lambda: one.item()
    yield "x.view(12)", lambda: matrix.view(12)
    yield "x.reshape(3, 4)", lambda: matrix.reshape(3, 4)
    yield "x.t()", lambda: matrix.t()
    yield "x.transpose(0, 1)", lambda: matrix.transpose(0, 1)
    yield "x.unsqueeze(0)", lambda: a.unsqueeze(0)
    yield "x @ y", lambda: square @ square
    yield "softmax(x, -1)", lambda: torch.softmax(scores, -1)
    yield "relu(x)", lambda: torch.relu(a)
    yield "cat([x, y])", lambda: torch.cat([a, b])
    yield "stack([x, y])", lambda: torch.stack([a, b])
    yield "zeros(2, 3)", lambda: torch.zeros(2, 3, device=device)
    yield "x.add_(y)", lambda: a.add_(b)


def _chain(leaf: Any, b: Any) -> Callable[[], object]:
    def run() -> None:
        x = leaf
        for _ in range(10):
            x = x * b
        x.sum().backward()
        leaf.grad = None

    return run


def _linear(torch: Any, device: str) -> Callable[[], object]:
    layer = torch.nn.Linear(4, 4).to(device)
    x = torch.ones(1, 4, device=device)

    def run() -> None:
        layer(x).sum().backward()
        layer.weight.grad = layer.bias.grad = None

    return run


def _step(torch: Any, device: str, optimizer: Any, **options: Any) -> Callable[[], object]:
    parameters = [torch.nn.Parameter(torch.ones(4, device=device)) for _ in range(60)]
    for p in parameters:
        p.grad = torch.ones(4, device=device)
    return optimizer(parameters, **options).step


def _mlp(torch: Any, device: str) -> Callable[[], object]:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.ones(4, 4, device=device), torch.zeros(4, dtype=torch.int64, device=device)
    loss = nn.CrossEntropyLoss()

    def run() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return run
