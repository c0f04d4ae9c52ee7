"""Whole training steps of the models that the speed targets name, at their sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

__all__ = ["MODELS", "Parts", "cases", "cnn", "gpt", "resnet", "step"]

Case = tuple[str, Callable[[], object]]
Parts = tuple[Any, Any, Any, Any]
"""A model, its optimizer, a batch and its targets."""


def cases(torch: Any) -> Iterator[Case]:
    """The cases, for either library."""
    for name, parts in MODELS.items():
        yield name, step(torch, *parts(torch, "cpu"))


def step(
    torch: Any, model: Any, optimizer: Any, x: Any, y: Any, half: str | None = None
) -> Callable[[], object]:
    """One training step; `half` is the type that `autocast` uses, and float16 brings a `GradScaler`."""
    loss = torch.nn.CrossEntropyLoss()
    kind = x.device.type
    scaler = torch.amp.GradScaler(kind, enabled=half == "float16")

    def run() -> None:
        optimizer.zero_grad()
        with torch.autocast(kind, dtype=getattr(torch, half)) if half else nullcontext():
            out = model(x)
            error = loss(out.reshape(-1, out.shape[-1]), y.reshape(-1))
        scaler.scale(error).backward()
        scaler.step(optimizer)
        scaler.update()

    def plain() -> None:
        optimizer.zero_grad()
        out = model(x)
        loss(out.reshape(-1, out.shape[-1]), y.reshape(-1)).backward()
        optimizer.step()

    return run if half else plain


def mlp(torch: Any, device: str) -> Parts:
    """Three layers on pictures of digits."""
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    x, y = torch.randn(128, 784).to(device), torch.randint(0, 10, (128,)).to(device)
    return model.to(device), torch.optim.Adam(model.parameters(), lr=1e-3), x, y


def cnn(torch: Any, device: str, *, batch: int = 64) -> Parts:
    """Two convolutions and two layers on pictures of digits."""
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
    ).to(device)
    x, y = torch.randn(batch, 1, 28, 28).to(device), torch.randint(0, 10, (batch,)).to(device)
    return model, torch.optim.Adam(model.parameters(), lr=1e-3), x, y


def gpt(
    torch: Any,
    device: str = "cpu",
    *,
    layers: int = 4,
    width: int = 128,
    heads: int = 4,
    context: int = 64,
    batch: int = 12,
    words: int = 65,
) -> Parts:
    """A causal transformer."""
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(
        width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(words, width)
            self.blocks = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
            self.head = nn.Linear(width, words)
            self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(context))

        def forward(self, x: Any) -> Any:
            return self.head(self.blocks(self.embed(x), mask=self.mask, is_causal=True))

    model = Model().to(device)
    x, y = (torch.randint(0, words, (batch, context)).to(device) for _ in range(2))
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3), x, y


def resnet(torch: Any, device: str, *, width: int = 64, batch: int = 128, size: int = 32) -> Parts:
    """ResNet-18 for small pictures: He and others 2015, its section 4.2."""
    nn = torch.nn

    def norm(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[Any]:
        conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False)
        return [conv, nn.BatchNorm2d(outputs)]

    class Residual(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                *norm(inputs, outputs, 3, stride), nn.ReLU(), *norm(outputs, outputs, 3)
            )
            same = inputs == outputs and stride == 1
            self.past = nn.Identity() if same else nn.Sequential(*norm(inputs, outputs, 1, stride))

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.body(x) + self.past(x))

    sizes = [(width, width, 1), (width, width, 1)]
    for n in (1, 2, 4):
        sizes += [(n * width, 2 * n * width, 2), (2 * n * width, 2 * n * width, 1)]
    blocks = [Residual(*given) for given in sizes]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, 10)]
    model = nn.Sequential(*norm(3, width, 3), nn.ReLU(), *blocks, *end).to(device)
    x, y = torch.randn(batch, 3, size, size).to(device), torch.randint(0, 10, (batch,)).to(device)
    return model, torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9), x, y


def lstm(torch: Any, device: str) -> Parts:
    """A language model that reads word by word."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(1000, 128)
            self.lstm = nn.LSTM(128, 256, batch_first=True)
            self.head = nn.Linear(256, 1000)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(self.embed(x))[0])

    model = Model().to(device)
    x, y = (torch.randint(0, 1000, (32, 32)).to(device) for _ in range(2))
    return model, torch.optim.Adam(model.parameters(), lr=1e-3), x, y


MODELS: Mapping[str, Callable[[Any, str], Parts]] = {
    "MLP 784-512-512-10, batch 128, Adam": mlp,
    "CNN 1-32-64 on 28x28, batch 64, Adam": cnn,
    "GPT, 4 layers of 128, context 64, batch 12, AdamW": gpt,
    "LSTM 1000-128-256, 32 steps, batch 32, Adam": lstm,
}
