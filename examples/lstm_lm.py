"""Train an LSTM language model on English text; its memory is carried from one batch to the next.

python examples/lstm_lm.py --device cpu --steps 400
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import unison
import unison.nn.functional as F
from unison import Tensor, nn
from unison.datasets import english_text

SPAN = 48
STREAMS = 24
WIDTH = 128

State = tuple[Tensor, Tensor]


@dataclass
class Result:
    """The loss of every step and the perplexity of unseen text, a letter."""

    model: nn.Module
    losses: list[float]
    perplexity: float


class LanguageModel(nn.Module):
    """Scores for the next letter, and the memory to go on with."""

    def __init__(self, letters: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(letters, WIDTH // 2)
        self.lstm = nn.LSTM(WIDTH // 2, WIDTH, num_layers=2, batch_first=True, dropout=0.1)
        self.head = nn.Linear(WIDTH, letters)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        hidden, state = self.lstm(self.letter(x), state)
        return self.head(hidden), state


def streams_of(text: Tensor, device: str) -> Tensor:
    """Lay the text out as parallel streams (STREAMS, N), each read from left to right."""
    length = len(text) // STREAMS
    return text[: length * STREAMS].view(STREAMS, length).to(device)


def span_of(streams: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Take the step-th span of every stream, round and round, with the letters that follow."""
    start = step * SPAN % (streams.shape[1] - SPAN)
    return streams[:, start : start + SPAN], streams[:, start + 1 : start + SPAN + 1]


def perplexity(model: nn.Module, streams: Tensor, spans: int = 20) -> float:
    """Measure exp(mean loss) over the first spans."""
    model.eval()
    state, total = None, 0.0
    with unison.no_grad():
        for step in range(spans):
            letters, following = span_of(streams, step)
            scores, state = model(letters, state)
            total += F.cross_entropy(scores.flatten(0, 1), following.flatten()).item()
    return math.exp(total / spans)


def train(
    device: str = "cpu",
    steps: int = 400,
    seed: int = 0,
    on_step: Callable[[int, float, nn.Module], None] | None = None,
) -> Result:
    """Train by backpropagation through SPAN letters at a time."""
    unison.manual_seed(seed)
    text = english_text()
    streams = streams_of(text.train, device)
    model = LanguageModel(len(text.vocabulary)).to(device)
    optimizer = unison.optim.Adam(model.parameters(), lr=5e-3)
    losses: list[float] = []
    state = None
    model.train()
    for step in range(steps):
        letters, following = span_of(streams, step)
        scores, (hidden, cell) = model(letters, state)
        # The memory goes on; the gradient stops here.
        state = (hidden.detach(), cell.detach())
        loss = F.cross_entropy(scores.flatten(0, 1), following.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if on_step:
            on_step(step, losses[-1], model)
    return Result(model, losses, perplexity(model, streams_of(text.validation, device)))


def main() -> None:
    """Train with the options of the command line and say how well it went."""
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
    print(f"validation perplexity {result.perplexity:.2f} a letter")


if __name__ == "__main__":
    main()
