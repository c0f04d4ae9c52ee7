"""Train a small convolutional network to read handwritten digits.

python examples/digits_cnn.py --device cpu --epochs 12
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import unison
import unison.nn.functional as F
from unison import Tensor, nn
from unison.datasets import digits
from unison.utils.data import DataLoader, TensorDataset

BATCH = 70
STEPS_PER_EPOCH = 22


@dataclass
class Result:
    """The loss of every step and the share of test images read correctly."""

    model: nn.Module
    losses: list[float]
    accuracy: float


def network(channels: int = 16) -> nn.Module:
    """Build the network: 8 x 8 pixels in, ten scores out."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.BatchNorm2d(2 * channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(2 * channels * 4 * 4, 10),
    )


def endless(loader: DataLoader) -> Iterator[list[Tensor]]:
    """Yield batches for ever, shuffled anew in every epoch."""
    while True:
        yield from loader


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Measure the share of images that the model reads correctly."""
    model.eval()
    with unison.no_grad():
        return (model(images).argmax(dim=1) == labels).float().mean().item()


def train(
    device: str = "cpu",
    steps: int = 12 * STEPS_PER_EPOCH,
    seed: int = 0,
    on_step: Callable[[int, float, nn.Module], None] | None = None,
) -> Result:
    """Train for a number of batches, then read the test images."""
    unison.manual_seed(seed)
    loader = DataLoader(TensorDataset(*digits("train")), batch_size=BATCH, shuffle=True)
    model = network().to(device)
    optimizer = unison.optim.Adam(model.parameters(), lr=2e-3)
    scheduler = unison.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    losses = []
    model.train()
    for step, (images, labels) in zip(range(steps), endless(loader), strict=False):
        loss = F.cross_entropy(model(images.to(device)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        if on_step:
            on_step(step, losses[-1], model)
    images, labels = digits("test")
    return Result(model, losses, accuracy(model, images.to(device), labels.to(device)))


def main() -> None:
    """Train with the options of the command line and say how well it went."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    def show(step: int, loss: float, _: nn.Module) -> None:
        if (step + 1) % STEPS_PER_EPOCH == 0:
            print(f"epoch {(step + 1) // STEPS_PER_EPOCH:3d}   loss {loss:.4f}", flush=True)

    result = train(args.device, args.epochs * STEPS_PER_EPOCH, args.seed, show)
    print(f"test accuracy {result.accuracy:.2%}")


if __name__ == "__main__":
    main()
