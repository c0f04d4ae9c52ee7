"""One training on one device, and whether it went as it must."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

import unison
from unison import nn
from unison_conformance.tolerance.limit import ENVELOPE, norm_limit
from unison_conformance.training.models import Model, batch
from unison_core import dtypes

__all__ = ["STEPS", "Trace", "directions", "judge", "reference", "run"]

STEPS = 24
SEED = 20_240_607
# Directions that each parameter's gradient is measured along.
_ALONG = 4


class Trace:
    """What a training left behind: the first gradients along fixed directions, their norms, and the losses."""

    def __init__(self) -> None:
        self.along: dict[str, list[float]] = {}
        self.norms: dict[str, float] = {}
        self.losses: list[float] = []


def directions(name: str, size: int) -> Any:
    """Fixed directions of +1 and -1 for a parameter of that name and size, (4, size)."""
    rng = np.random.Generator(np.random.Philox(zlib.crc32(name.encode())))
    return rng.integers(0, 2, (_ALONG, size)) * 2.0 - 1.0


def run(model: Model, device: str, *, wide: bool = False, shake: int = 0, steps: int = STEPS) -> Trace:
    """Train from the seed. `wide` computes in float64; `shake` moves the start by one unit in the last place,
    to one side or the other as this number draws it.
    """
    unison.manual_seed(SEED)
    network = model.build().to(device)
    if wide:
        network = network.double()
    if shake:
        _shake(network, shake)
    optimizer = unison.optim.Adam(network.parameters(), lr=model.rate)
    trace = Trace()
    for step in range(steps):
        x, y = (t.to(device) for t in batch(model, step))
        x = x.double() if wide and not model.sequence else x
        optimizer.zero_grad()
        out = network(x)
        loss = nn.functional.cross_entropy(out.reshape(-1, out.shape[-1]), y.reshape(-1))
        loss.backward()
        if step == 0:
            _measure(network, trace)
        optimizer.step()
        trace.losses.append(float(loss.item()))
    return trace


def _shake(network: nn.Module, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with unison.no_grad():
        for parameter in network.parameters():
            host = parameter.detach().cpu().numpy()
            side = np.where(rng.random(host.shape) < 0.5, np.inf, -np.inf).astype(host.dtype)
            parameter.copy_(unison.from_numpy(np.nextafter(host, side)))


def _measure(network: nn.Module, trace: Trace) -> None:
    for name, parameter in network.named_parameters():
        g = parameter.grad.detach().cpu().numpy().astype(np.float64).ravel()
        trace.along[name] = [float(a) for a in directions(name, g.size) @ g]
        trace.norms[name] = float(np.sqrt(np.dot(g, g)))


@cache
def reference() -> Mapping[str, Any]:
    """What `python -m unison_conformance.training` measured."""
    text = (resources.files("unison_conformance.training") / "reference.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def judge(model: Model, trace: Trace, wanted: Mapping[str, Any]) -> tuple[float, str]:
    """The worst deviation as a share of its limit, and where it is; NaN is infinitely far off."""
    bound = norm_limit(model.depth, model.terms, dtypes.float32)
    found: list[tuple[float, str]] = [(0.0, "")]
    for name, along in wanted["along"].items():
        width = bound * max(wanted["norms"][name], wanted["scale"])
        for got, must in zip(trace.along.get(name, [np.nan] * _ALONG), along, strict=True):
            text = f"first gradient of {name}: {got:.9g} along a direction, must be {must:.9g}"
            found.append((abs(got - must) / width, text))
    for step, (got, low, high) in enumerate(zip(trace.losses, wanted["low"], wanted["high"], strict=True)):
        middle, half = (low + high) / 2, (high - low) / 2
        width = ENVELOPE * half + bound * abs(middle)
        text = f"loss of step {step}: {got:.9g}, the envelope is {middle:.9g} ± {width:.2g}"
        found.append((abs(got - middle) / width, text))
    return max((float("inf") if np.isnan(ratio) else ratio, text) for ratio, text in found)
