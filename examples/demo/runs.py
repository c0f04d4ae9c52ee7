"""Train an example on a device and keep what is needed to compare it with others."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from examples import char_gpt, digits_cnn
from unison import nn

__all__ = ["JOBS", "Job", "Run", "run"]


@dataclass(frozen=True)
class Job:
    """An example to train: its `train`, for how many steps, and how to word what came out."""

    name: str
    title: str
    steps: int
    train: Callable[..., Any]
    outcome: Callable[[Any], str]


JOBS = (
    Job(
        "digits_cnn",
        "Digits CNN",
        12 * digits_cnn.STEPS_PER_EPOCH,
        digits_cnn.train,
        lambda result: f"{result.accuracy:.2%} of test images right",
    ),
    Job(
        "char_gpt",
        "Character GPT",
        300,
        char_gpt.train,
        lambda result: f"{result.validation_loss:.3f} nats a letter on unseen text",
    ),
)


@dataclass
class Run:
    """What training on one device left behind: first gradients as nested lists, losses, outcome or failure."""

    device: str
    losses: list[float] = field(default_factory=list)
    first_gradients: dict[str, list[Any]] = field(default_factory=dict)
    seconds: float = 0.0
    outcome: str = ""
    failure: str = ""
    result: Any = None


class OutOfTimeError(Exception):
    """The device is slow: enough steps to compare, not enough time for all."""


def run(job: Job, device: str, seed: int, limit: float, on_step: Callable[[int, float], None]) -> Run:
    """Train on a device until done or until `limit` seconds are over; failures are recorded, not raised.

    The seconds count from the end of the first step, in which a device may have to compile its kernels.
    """
    record = Run(device)
    start = began = time.perf_counter()

    def keep(step: int, loss: float, model: nn.Module) -> None:
        nonlocal began
        if step == 0:
            began = time.perf_counter()
            record.first_gradients = {
                name: parameter.grad.detach().cpu().flatten().tolist()
                for name, parameter in model.named_parameters()
            }
        record.losses.append(loss)
        on_step(step, loss)
        if time.perf_counter() - began > limit and step + 1 < job.steps:
            raise OutOfTimeError

    try:
        record.result = job.train(device=device, steps=job.steps, seed=seed, on_step=keep)
        record.outcome = job.outcome(record.result)
    except OutOfTimeError:
        record.outcome = f"stopped after {len(record.losses)} of {job.steps} steps: {limit:.0f} s were over"
    except Exception as error:  # noqa: BLE001 - one device's failure must not hide the others
        record.failure = f"{type(error).__name__}: {error}"
    record.seconds = time.perf_counter() - start
    return record
