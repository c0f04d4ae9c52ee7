"""Train a small causal transformer on English text, letter by letter, and let it write.

python examples/char_gpt.py --device cpu --steps 400
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import unison
import unison.nn.functional as F
from unison import Tensor, nn
from unison.datasets import english_text

CONTEXT = 32
BATCH = 32
WIDTH = 96
HEADS = 4
LAYERS = 2


@dataclass
class Result:
    """The loss of every step, in nats a letter; the loss on text never seen; and what the model writes."""

    model: nn.Module
    losses: list[float]
    validation_loss: float
    sample: str


class Block(nn.Module):
    """Attention to the letters before, then a small network for each letter; both add to their input."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def attend(self, x: Tensor) -> Tensor:
        """Mix each position with those before it, head by head."""
        batch, length, _ = x.shape
        heads = self.qkv(x).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(heads[0], heads[1], heads[2], is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def start_small(module: nn.Module) -> None:
    """Draw weights narrowly, so that at first every letter is about as likely as any other."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.05)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


class GPT(nn.Module):
    """Scores for the next letter at every position: int64 (N, T) in, (N, T, letters) out, T at most CONTEXT."""

    def __init__(self, letters: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(letters, WIDTH)
        self.position = nn.Parameter(0.05 * unison.randn(CONTEXT, WIDTH))
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, letters)
        self.apply(start_small)

    def forward(self, x: Tensor) -> Tensor:
        x = self.letter(x) + self.position[: x.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def batch_of(text: Tensor, size: int, device: str) -> tuple[Tensor, Tensor]:
    """Cut random pieces out of the text: letters (size, CONTEXT), and the letters that follow them."""
    starts = unison.randint(len(text) - CONTEXT, (size, 1))
    pieces = text[starts + unison.arange(CONTEXT + 1)].to(device)
    return pieces[:, :-1], pieces[:, 1:]


def loss_of(model: nn.Module, letters: Tensor, following: Tensor) -> Tensor:
    """Measure how surprised the model is by the following letters, in nats a letter."""
    return F.cross_entropy(model(letters).flatten(0, 1), following.flatten())


def write(model: nn.Module, start: Tensor, length: int, temperature: float = 0.8) -> Tensor:
    """Continue the letters of start (T,) by drawing one letter after the other."""
    model.eval()
    letters = start[None]
    with unison.no_grad():
        for _ in range(length):
            scores = model(letters[:, -CONTEXT:])[:, -1] / temperature
            letters = unison.cat([letters, unison.multinomial(scores.softmax(dim=-1), 1)], dim=1)
    return letters[0]


def train(
    device: str = "cpu",
    steps: int = 400,
    seed: int = 0,
    on_step: Callable[[int, float, nn.Module], None] | None = None,
    sample_length: int = 200,
) -> Result:
    """Train on a number of batches, then measure on unseen text and write a sample."""
    unison.manual_seed(seed)
    text = english_text()
    model = GPT(len(text.vocabulary)).to(device)
    optimizer = unison.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    scheduler = unison.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=4e-3, total_steps=max(steps, 2), pct_start=0.1
    )
    losses = []
    model.train()
    for step in range(steps):
        loss = loss_of(model, *batch_of(text.train, BATCH, device))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        if on_step:
            on_step(step, losses[-1], model)
    model.eval()
    with unison.no_grad():
        validation_loss = loss_of(model, *batch_of(text.validation, 8 * BATCH, device)).item()
    written = write(model, text.encode("An object ").to(device), sample_length)
    return Result(model, losses, validation_loss, text.decode(written.cpu()))


def main() -> None:
    """Train with the options of the command line and print what the model writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    def show(step: int, loss: float, _: nn.Module) -> None:
        if (step + 1) % 20 == 0:
            print(f"step {step + 1:5d}   loss {loss:.3f}", flush=True)

    result = train(args.device, args.steps, args.seed, show)
    print(f"validation loss {result.validation_loss:.3f} nats a letter\n\n{result.sample}")


if __name__ == "__main__":
    main()
