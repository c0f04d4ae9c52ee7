"""Learn to balance a pole on a cart from rewards alone (REINFORCE, Williams 1992).

The cart is that of Barto, Sutton and Anderson, Neuronlike adaptive elements (1983): push left or right, one
point for every step until the pole tips over or the cart leaves the track.

python examples/reinforce.py --device cpu --steps 60
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import unison
from unison import Tensor, nn

CARTS = 16
LONGEST = 200
DISCOUNT = 0.99

GRAVITY = 9.8
POLE_MASS = 0.1
TOTAL_MASS = 1.0 + POLE_MASS
HALF_POLE = 0.5
FORCE = 10.0
SECONDS = 0.02
EDGE = 2.4
TIPPED = math.radians(12)


@dataclass
class Result:
    """The loss of every step, and how long the pole stood in it on average (at most LONGEST)."""

    model: nn.Module
    losses: list[float]
    lengths: list[float]


@dataclass
class Episode:
    """What happened to all carts: a row a moment, a column a cart. A cart that fell counts no more."""

    log_probabilities: Tensor
    rewards: Tensor


def push(state: Tensor, action: Tensor) -> Tensor:
    """Move carts (N, 4: place, speed, angle, angular speed) by one step; action (N,) is 0 for left, 1 for right."""
    place, speed, angle, turning = state.unbind(dim=1)
    force = (2 * action - 1) * FORCE
    sine, cosine = angle.sin(), angle.cos()
    thrust = (force + POLE_MASS * HALF_POLE * turning**2 * sine) / TOTAL_MASS
    inertia = HALF_POLE * (4 / 3 - POLE_MASS * cosine**2 / TOTAL_MASS)
    turning_change = (GRAVITY * sine - cosine * thrust) / inertia
    speed_change = thrust - POLE_MASS * HALF_POLE * turning_change * cosine / TOTAL_MASS
    return unison.stack(
        [
            place + SECONDS * speed,
            speed + SECONDS * speed_change,
            angle + SECONDS * turning,
            turning + SECONDS * turning_change,
        ],
        dim=1,
    )


def stands(state: Tensor) -> Tensor:
    """Say for each cart whether it is on the track and its pole is up."""
    return (state[:, 0].abs() < EDGE) & (state[:, 2].abs() < TIPPED)


def play(policy: nn.Module, device: str) -> Episode:
    """Let the policy drive all carts until the last pole has fallen."""
    state = (unison.rand(CARTS, 4) * 0.1 - 0.05).to(device)
    standing = stands(state)
    log_probabilities, rewards = [], []
    while len(rewards) < LONGEST and standing.any():
        scores = policy(state).log_softmax(dim=1)
        action = unison.multinomial(scores.detach().exp(), 1)
        log_probabilities.append(scores.gather(1, action)[:, 0])
        rewards.append(standing.float())
        state = push(state, action[:, 0].float())
        standing = standing & stands(state)
    return Episode(unison.stack(log_probabilities), unison.stack(rewards))


def returns_of(rewards: Tensor) -> Tensor:
    """Discounted sum of the rewards from each moment on, (T, N)."""
    total, totals = unison.zeros_like(rewards[0]), []
    for reward in reversed(rewards.unbind()):
        total = reward + DISCOUNT * total
        totals.append(total)
    return unison.stack(totals[::-1])


def loss_of(episode: Episode) -> Tensor:
    """Negative log-probability of what was done, weighted by how much better than usual it went on."""
    returns, alive = returns_of(episode.rewards), episode.rewards
    count = alive.sum()
    mean = (returns * alive).sum() / count
    deviation = (((returns - mean) ** 2 * alive).sum() / count).sqrt()
    advantage = (returns - mean) / (deviation + 1e-6)
    return -(episode.log_probabilities * advantage * alive).sum() / count


def train(
    device: str = "cpu",
    steps: int = 60,
    seed: int = 0,
    on_step: Callable[[int, float, nn.Module], None] | None = None,
) -> Result:
    """Play and learn from what happened, a number of times."""
    unison.manual_seed(seed)
    policy = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2)).to(device)
    optimizer = unison.optim.Adam(policy.parameters(), lr=2e-2)
    losses, lengths = [], []
    for step in range(steps):
        episode = play(policy, device)
        loss = loss_of(episode)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        lengths.append(episode.rewards.sum().item() / CARTS)
        if on_step:
            on_step(step, losses[-1], policy)
    return Result(policy, losses, lengths)


def main() -> None:
    """Train with the options of the command line and say how long the pole stands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    def show(step: int, loss: float, _: nn.Module) -> None:
        if (step + 1) % 5 == 0:
            print(f"step {step + 1:4d}   loss {loss:+.3f}", flush=True)

    result = train(args.device, args.steps, args.seed, show)
    last = result.lengths[-10:]
    print(
        f"at first the pole stood {result.lengths[0]:.0f} steps, now {sum(last) / len(last):.0f} of {LONGEST}"
    )


if __name__ == "__main__":
    main()
