"""Teach a recursive network to evaluate logical expressions: the network has the shape of each expression.

The graph is different for every example; autograd follows what ran.

python examples/tree_rnn.py --device cpu --steps 150
"""

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass

import unison
import unison.nn.functional as F
from unison import Tensor, nn

WIDTH = 16
BATCH = 16
TRAINED_DEPTH = 3
TESTED_DEPTH = 5


@dataclass(frozen=True)
class Tree:
    """An expression: an operation and what it applies to. A leaf is "true" or "false"."""

    operation: str
    operands: tuple["Tree", ...] = ()

    def __str__(self) -> str:
        match self.operands:
            case ():
                return self.operation
            case (x,):
                return f"not {x}"
            case (x, y):
                return f"({x} {self.operation} {y})"
        raise AssertionError(self.operands)

    def value(self) -> bool:
        """Evaluate by the rules of logic."""
        values = [x.value() for x in self.operands]
        match self.operation:
            case "and":
                return all(values)
            case "or":
                return any(values)
            case "xor":
                return values[0] != values[1]
            case "not":
                return not values[0]
        return self.operation == "true"


def random_tree(depth: int, draw: random.Random) -> Tree:
    """Grow an expression of at most the given depth."""
    if depth == 0:
        return Tree(draw.choice(["true", "false"]))
    operation = draw.choice(["and", "or", "xor", "not"])
    count = 1 if operation == "not" else 2
    return Tree(operation, tuple(random_tree(draw.randrange(depth), draw) for _ in range(count)))


class TreeNetwork(nn.Module):
    """A vector for each leaf, a layer for each operation; the layers are wired as the expression is."""

    def __init__(self) -> None:
        super().__init__()
        self.leaves = nn.ParameterDict({name: unison.randn(WIDTH) for name in ("true", "false")})
        self.operations = nn.ModuleDict({name: self.layer(2) for name in ("and_", "or_", "xor_")})
        self.operations["not_"] = self.layer(1)
        self.head = nn.Linear(WIDTH, 1)

    @staticmethod
    def layer(operands: int) -> nn.Module:
        """Build what joins the vectors of the operands to one."""
        return nn.Sequential(
            nn.Linear(operands * WIDTH, 2 * WIDTH), nn.Tanh(), nn.Linear(2 * WIDTH, WIDTH), nn.Tanh()
        )

    def vector(self, tree: Tree) -> Tensor:
        """Work from the leaves to the root."""
        if not tree.operands:
            return self.leaves[tree.operation]
        return self.operations[tree.operation + "_"](unison.cat([self.vector(x) for x in tree.operands]))

    def forward(self, trees: list[Tree]) -> Tensor:
        return self.head(unison.stack([self.vector(tree) for tree in trees]))[:, 0]


@dataclass
class Result:
    """The loss of every step, and the share of deeper expressions than any trained on that come out right."""

    model: TreeNetwork
    losses: list[float]
    accuracy: float


def truth(trees: list[Tree], device: str) -> Tensor:
    """Return the values of expressions as float32 (N,), 1 for true."""
    return unison.tensor([float(tree.value()) for tree in trees], device=device)


def train(
    device: str = "cpu",
    steps: int = 150,
    seed: int = 0,
    on_step: Callable[[int, float, nn.Module], None] | None = None,
) -> Result:
    """Train on fresh random expressions, then test on deeper ones."""
    unison.manual_seed(seed)
    draw = random.Random(seed)
    model = TreeNetwork().to(device)
    optimizer = unison.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for step in range(steps):
        trees = [random_tree(TRAINED_DEPTH, draw) for _ in range(BATCH)]
        loss = F.binary_cross_entropy_with_logits(model(trees), truth(trees, device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if on_step:
            on_step(step, losses[-1], model)
    deeper = [random_tree(TESTED_DEPTH, draw) for _ in range(200)]
    with unison.no_grad():
        right = (model(deeper) > 0).float() == truth(deeper, device)
    return Result(model, losses, right.float().mean().item())


def main() -> None:
    """Train with the options of the command line and evaluate an expression."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    def show(step: int, loss: float, _: nn.Module) -> None:
        if (step + 1) % 10 == 0:
            print(f"step {step + 1:4d}   loss {loss:.4f}", flush=True)

    result = train(args.device, args.steps, args.seed, show)
    tree = random_tree(TESTED_DEPTH, random.Random(args.seed))
    with unison.no_grad():
        guess = result.model([tree]).sigmoid().item()
    print(f"{result.accuracy:.1%} of deeper expressions right")
    print(f"{tree}\n  is {tree.value()}; the network says true with probability {guess:.3f}")


if __name__ == "__main__":
    main()
