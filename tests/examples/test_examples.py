"""Every example runs, on every device under test, and learns something in a few steps."""

import importlib
import math
import subprocess
import sys
from pathlib import Path

import pytest

import unison

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["char_gpt", "digits_cnn", "lstm_lm", "reinforce", "tree_rnn", "vae"]


def test_every_example_is_tested():
    assert sorted(path.stem for path in (ROOT / "examples").glob("*.py")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_example_takes_steps(name, device):
    seen = []
    result = importlib.import_module(f"examples.{name}").train(
        device=device, steps=3, seed=1, on_step=lambda step, loss, model: seen.append((step, loss, model))
    )
    assert [step for step, _, _ in seen] == [0, 1, 2]
    assert result.losses == [loss for _, loss, _ in seen]
    assert all(math.isfinite(loss) for loss in result.losses)
    assert all(p.grad is not None and str(p.device) == device for p in seen[-1][2].parameters())


@pytest.mark.parametrize("name", NAMES)
def test_example_repeats_with_the_same_seed(name):
    train = importlib.import_module(f"examples.{name}").train
    first, again, other = (train(steps=2, seed=seed).losses for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("name", "steps"), [("char_gpt", 30), ("digits_cnn", 30), ("lstm_lm", 30), ("vae", 60)]
)
def test_example_learns(name, steps):
    losses = importlib.import_module(f"examples.{name}").train(steps=steps, seed=0).losses
    assert sum(losses[-5:]) < 0.85 * sum(losses[:5])


def test_tree_rnn_generalises_to_deeper_trees():
    from examples import tree_rnn

    assert tree_rnn.train(steps=120, seed=0).accuracy > 0.85


def test_tree_values_follow_python():
    import random

    from examples.tree_rnn import random_tree

    draw = random.Random(0)
    for _ in range(200):
        tree = random_tree(4, draw)
        python = str(tree).replace("xor", "!=").replace("true", "True").replace("false", "False")
        # "not" binds less tightly than "!=", so negations are put in brackets before Python reads them.
        assert eval(_bracketed(tree)) == tree.value(), python


def _bracketed(tree):
    match tree.operands:
        case ():
            return tree.operation.capitalize()
        case (x,):
            return f"(not {_bracketed(x)})"
        case (x, y):
            return f"({_bracketed(x)} {tree.operation.replace('xor', '!=')} {_bracketed(y)})"
    raise AssertionError(tree)


def test_cart_falls_like_a_free_pendulum():
    """A pole let go just beside the top tips away from it and pulls no energy from anywhere."""
    from examples.reinforce import GRAVITY, HALF_POLE, POLE_MASS, TOTAL_MASS, push

    state = unison.tensor([[0.0, 0.0, 0.01, 0.0]], dtype=unison.float64)
    left, right = (push(state, unison.tensor([a], dtype=unison.float64)) for a in (0.0, 1.0))
    mean = (left + right) / 2
    inertia = HALF_POLE * (4 / 3 - POLE_MASS * math.cos(0.01) ** 2 / TOTAL_MASS)
    assert mean[0, 3].item() == pytest.approx(0.02 * GRAVITY * math.sin(0.01) / inertia, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_example_runs_as_a_program(name):
    flag = "--epochs" if name in ("digits_cnn", "vae") else "--steps"
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py", "--device", "cpu", flag, "1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
