"""Whole training steps of the models that the speed targets name, at their sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["cases", "gpt"]

Case = tuple[str, Callable[[], object]]


def cases(torch: Any) -> Iterator[Case]:
    """The cases, for either library."""
    yield "MLP 784-512-512-10, batch 128, Adam", _mlp(torch)
    yield "CNN 1-32-64 on 28x28, batch 64, Adam", _cnn(torch)
    yield "GPT, 4 layers of 128, context 64, batch 12, AdamW", gpt(torch)
    yield "LSTM 1000-128-256, 32 steps, batch 32, Adam", _lstm(torch)


def _step(torch: Any, model: Any, optimizer: Any, x: Any, y: Any) -> Callable[[], object]:
    loss = torch.nn.CrossEntropyLoss()

    def run() -> None:
        optimizer.zero_grad()
        out = model(x)
        loss(out.reshape(-1, out.shape[-1]), y.reshape(-1)).backward()
        optimizer.step()

    return run


def _mlp(torch: Any) -> Callable[[], object]:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    x, y = torch.randn(128, 784), torch.randint(0, 10, (128,))
    return _step(torch, model, torch.optim.Adam(model.parameters(), lr=1e-3), x, y)


def _cnn(torch: Any) -> Callable[[], object]:
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 49, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    x, y = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    return _step(torch, model, torch.optim.Adam(model.parameters(), lr=1e-3), x, y)


def gpt(torch: Any, device: str = "cpu") -> Callable[[], object]:
    """One training step of a small GPT."""
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(
        128, 4, 512, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(65, 128)
            self.blocks = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
            self.head = nn.Linear(128, 65)
            self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(64))

        def forward(self, x: Any) -> Any:
            return self.head(self.blocks(self.embed(x), mask=self.mask, is_causal=True))

    model = Model().to(device)
    x, y = (torch.randint(0, 65, (12, 64)).to(device) for _ in range(2))
    return _step(torch, model, torch.optim.AdamW(model.parameters(), lr=1e-3), x, y)


def _lstm(torch: Any) -> Callable[[], object]:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(1000, 128)
            self.lstm = nn.LSTM(128, 256, batch_first=True)
            self.head = nn.Linear(256, 1000)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(self.embed(x))[0])

    model = Model()
    x, y = torch.randint(0, 1000, (32, 32)), torch.randint(0, 1000, (32, 32))
    return _step(torch, model, torch.optim.Adam(model.parameters(), lr=1e-3), x, y)
