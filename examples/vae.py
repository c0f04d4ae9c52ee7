"""Train a variational autoencoder on handwritten digits and let it draw new ones.

The bound is that of Kingma and Welling, Auto-Encoding Variational Bayes (2014).

python examples/vae.py --device cpu --epochs 30
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import unison
import unison.nn.functional as F
from unison import Tensor, nn
from unison.datasets import digits

BATCH = 64
STEPS_PER_EPOCH = 25
PIXELS = 64
LATENT = 8
SHADES = " .:-=+*#%@"


@dataclass
class Result:
    """The loss of every step (nats an image), the loss on unseen images, and drawn images (8, 8, 8)."""

    model: nn.Module
    losses: list[float]
    test_loss: float
    drawn: Tensor


class VAE(nn.Module):
    """Image to a normal distribution over LATENT numbers, and numbers to an image's logits."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(PIXELS, width), nn.ReLU(), nn.Linear(width, 2 * LATENT))
        self.decoder = nn.Sequential(nn.Linear(LATENT, width), nn.ReLU(), nn.Linear(width, PIXELS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        latent = mean + (0.5 * log_variance).exp() * unison.randn_like(mean)
        return self.decoder(latent), mean, log_variance


def loss_of(model: nn.Module, x: Tensor) -> Tensor:
    """Negative evidence lower bound, in nats an image, of images (N, PIXELS) in [0, 1]."""
    logits, mean, log_variance = model(x)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    return (reconstruction + divergence) / len(x)


def train(
    device: str = "cpu",
    steps: int = 30 * STEPS_PER_EPOCH,
    seed: int = 0,
    on_step: Callable[[int, float, nn.Module], None] | None = None,
) -> Result:
    """Train on random batches, then measure on the test images and draw eight new ones."""
    unison.manual_seed(seed)
    images = digits("train").images.flatten(1).to(device)
    model = VAE().to(device)
    optimizer = unison.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for step in range(steps):
        chosen = unison.randint(len(images), (BATCH,)).to(device)
        loss = loss_of(model, images[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if on_step:
            on_step(step, losses[-1], model)
    with unison.no_grad():
        test_loss = loss_of(model, digits("test").images.flatten(1).to(device)).item()
        drawn = model.decoder(unison.randn(8, LATENT).to(device)).sigmoid().view(8, 8, 8)
    return Result(model, losses, test_loss, drawn.cpu())


def picture(images: Tensor) -> str:
    """Draw images (N, 8, 8) side by side with letters."""
    shades = (images * (len(SHADES) - 1)).round().long()
    rows = shades.permute(1, 0, 2).tolist()
    return "\n".join("   ".join("".join(SHADES[s] for s in part) for part in row) for row in rows)


def main() -> None:
    """Train with the options of the command line and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    def show(step: int, loss: float, _: nn.Module) -> None:
        if (step + 1) % STEPS_PER_EPOCH == 0:
            print(f"epoch {(step + 1) // STEPS_PER_EPOCH:3d}   loss {loss:.2f}", flush=True)

    result = train(args.device, args.epochs * STEPS_PER_EPOCH, args.seed, show)
    print(f"test loss {result.test_loss:.2f} nats an image\n\n{picture(result.drawn)}")


if __name__ == "__main__":
    main()
