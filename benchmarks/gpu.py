"""Unison against PyTorch on one device: small calls, large ones, training steps in float32 and under `autocast`.

Blocks of calls are queued and end when the device has done them all, so a small call costs what its launch costs, and
a large one what the device takes for it. TF32 is off on both sides. A case that raises is a row that says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import large, overhead, training
from benchmarks.timing import Wait, compare

__all__ = ["Measured", "facts", "rows", "show"]

Call = Callable[[], object]
Make = Callable[[Any, str], Call]
HALVES = ("bfloat16", "float16")


@dataclass(frozen=True)
class Measured:
    """One case: medians in microseconds, ratio time(PyTorch) / time(Unison), seconds that each first call took."""

    group: str
    case: str
    torch: float = 0.0
    unison: float = 0.0
    ratio: float = 0.0
    first_torch: float = 0.0
    first_unison: float = 0.0
    error: str = ""


def rows(device: str, *, quick: bool = False) -> Iterator[Measured]:
    """Time everything on a device; where PyTorch does not know it, PyTorch runs on the host.

    quick: small sizes and few blocks, to see that everything runs.
    """
    import torch

    import unison

    sides = [(torch, device if device.startswith("cuda") else "cpu"), (unison, device)]
    waits = tuple(_wait(*side) for side in sides)
    settings: dict[str, dict[str, Any]] = {
        "training": {"block": 0.3, "blocks": 7},
        "small": {"block": 0.03, "blocks": 11},
        "large": {"block": 0.1, "blocks": 7},
    }
    for group, case, makes in _cases(sides, quick=quick):
        setting = {"block": 0.005, "blocks": 3} if quick else settings[group]
        yield _measured(group, case, makes, waits, setting)


def _cases(sides: list[Any], *, quick: bool) -> Iterator[tuple[str, str, list[Callable[[], Call]]]]:
    """Group, name and what makes the call on either side: models and tensors are made when their turn comes."""
    for case, make in _steps(quick=quick):
        yield "training", case, [partial(make, *side) for side in sides]
    for group, theme in (("small", _small), *(("large", theme) for theme in large.THEMES)):
        try:
            calls = [theme(*side, 4096 if quick else 1) for side in sides]
        except Exception as error:  # noqa: BLE001 - one theme's trouble is a row, and the others go on
            yield group, theme.__name__, [partial(_fail, error)] * 2
            continue
        for case in calls[0]:
            yield group, case, [partial(side.__getitem__, case) for side in calls]


def _small(torch: Any, device: str, less: int) -> dict[str, Call]:
    return dict(overhead.cases(torch, device))


def _fail(error: Exception) -> Call:
    raise error


def _steps(*, quick: bool) -> Iterator[tuple[str, Make]]:
    models = _small_models() if quick else _models()
    for name, parts in models.items():
        convolutional_or_attentive = name.startswith(("CNN", "GPT", "ResNet"))
        for half in (None, *HALVES) if convolutional_or_attentive else (None,):
            words = f"{name}, autocast to {half}" if half else name
            yield words, partial(_step, parts=parts, half=half)


def _models() -> dict[str, Callable[[Any, str], training.Parts]]:
    sizes = {"layers": 12, "width": 768, "heads": 12, "context": 512, "batch": 8, "words": 8192}
    return {
        **training.MODELS,
        "ResNet-18 on 32x32, batch 128, SGD": training.resnet,
        "GPT, 12 layers of 768, context 512, batch 8, AdamW": partial(training.gpt, **sizes),
    }


def _small_models() -> dict[str, Callable[[Any, str], training.Parts]]:
    sizes = {"layers": 1, "width": 16, "heads": 2, "context": 8, "batch": 2}
    return {
        "CNN 1-32-64 on 28x28, batch 2": partial(training.cnn, batch=2),
        "GPT, 1 layer of 16": partial(training.gpt, **sizes),
        "ResNet-18 of width 4, batch 2": partial(training.resnet, width=4, batch=2),
    }


def _step(torch: Any, device: str, *, parts: Any, half: str | None) -> Call:
    torch.manual_seed(0)
    return training.step(torch, *parts(torch, device), half=half)


def _measured(
    group: str,
    case: str,
    makes: list[Callable[[], Call]],
    waits: tuple[Wait, ...],
    settings: Mapping[str, Any],
) -> Measured:
    firsts = [0.0, 0.0]
    calls = []
    for side, (make, wait) in enumerate(zip(makes, waits, strict=True)):
        try:
            call = make()
            start = time.perf_counter()
            call()
            wait()
        except Exception as error:  # noqa: BLE001 - any trouble of one side is the row's
            who = ("PyTorch", "Unison")[side]
            return Measured(group, case, error=f"{who}: {type(error).__name__}: {error}"[:500])
        firsts[side] = time.perf_counter() - start
        calls.append(call)
    try:
        row = compare(case, calls[0], calls[1], waits=(waits[0], waits[1]), **settings)
    except Exception as error:  # noqa: BLE001 - as above
        return Measured(group, case, error=f"{type(error).__name__}: {error}"[:500])
    return Measured(group, case, row.torch, row.unison, row.ratio, *firsts)


def _wait(torch: Any, device: str) -> Wait:
    """What returns when the device is done; devices of PyTorch other than CUDA's are done at once."""
    if torch.__name__ == "unison":
        where = torch.ones(1, device=device).device
        return partial(where.backend.synchronize, where)
    if not device.startswith("cuda"):
        return lambda: None
    return partial(torch.cuda.synchronize, torch.device(device))


def facts(device: str) -> dict[str, Any]:
    """Versions, and TF32 as both sides have it while they are timed (None: there is no such switch)."""
    import torch

    import unison

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    found = {"torch": torch.__version__, "unison": unison.__version__, "device": device}
    for side in (torch, unison):
        for switch in ("cuda.matmul.allow_tf32", "cudnn.allow_tf32"):
            value: Any = getattr(side, "backends", None)
            for name in switch.split("."):
                value = getattr(value, name, None)
            found[f"{side.__name__} {switch}"] = value
    return found


def show(row: Measured) -> None:
    """Print one row."""
    if row.error:
        print(f"  {row.group:9}{row.case}: {row.error}", flush=True)
        return
    times = f"{row.torch:12.1f} {row.unison:12.1f} {row.ratio:7.2f} {row.first_unison:8.2f}"
    print(f"  {row.group:9}{row.case:62}{times}", flush=True)
