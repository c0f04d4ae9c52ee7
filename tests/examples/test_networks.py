"""The networks of `examples.networks`: forward and backward on devices, held against float64 on the host."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import unison
from examples.networks import NETWORKS
from unison import nn
from unison_conformance.tolerance.limit import norm_limit
from unison_conformance.training.judge import directions
from unison_core import dtypes
from unison_core.dispatch.fallback import fallback_policy, fallbacks
from unison_core.modes import Mode
from unison_opencl.devices import found

BATCH, SIZE = 4, 32
CLEAR = 64 * 2.0**-24
"""Of an activation's size: some dozens of roundings."""
Gradients = dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]


def _has_opencl() -> bool:
    try:
        return bool(found())
    except ImportError:
        return False


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The devices that `--device` names, or the processor and OpenCL's first."""
    if "where" in metafunc.fixturenames:
        needs_opencl = pytest.mark.skipif(not _has_opencl(), reason="needs the extra 'opencl' and a driver")
        usual = ["cpu", pytest.param("opencl:0", marks=needs_opencl)]
        metafunc.parametrize("where", metafunc.config.getoption("--device") or usual)


def _network(name: str) -> nn.Module:
    unison.manual_seed(3)
    network = NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            # Masks are drawn anew for float64; what is compared is everything else.
            module.p = 0.0
    return network


class Kinks(Mode):
    """Counts operators, and sees how near the inputs of rectifiers come to where the slope jumps.

    The distance is in units of their root mean square. A float32 sum may fall on the other side of such a point
    than float64's, and both gradients are right then.
    """

    def __init__(self) -> None:
        self.margin = np.inf
        self.calls = 0

    def dispatch(self, op: Any, inputs: Any, attrs: Any, proceed: Any) -> Any:
        self.calls += 1
        corners = {"relu": (0.0,), "clamp": (0.0, 6.0)}.get(op.name, ())
        if corners:
            x = inputs[0].detach().cpu().numpy()
            size = np.sqrt(np.mean(x * x)) + 1e-30
            self.margin = min([self.margin, *(float(np.abs(x - c).min() / size) for c in corners)])
        return proceed(*inputs, **attrs)


@cache
def _wanted(name: str) -> tuple[int, int, float, Gradients]:
    """A seed of images that keeps clear of kinks, how many operators ran, and float64's loss and gradients."""
    for seed in range(20):
        with Kinks() as kinks:
            loss, gradients = _step(_network(name), "cpu", unison.float64, seed)
        if kinks.margin > CLEAR:
            return seed, kinks.calls, loss, gradients
    raise AssertionError("no seed keeps clear of kinks")


def _step(network: nn.Module, device: str, dtype: unison.dtype, seed: int) -> tuple[float, Gradients]:
    rng = np.random.default_rng(seed)
    x = unison.from_numpy(rng.standard_normal((BATCH, 3, SIZE, SIZE)).astype(np.float32))
    y = unison.arange(BATCH) % 10
    network = network.to(device=device, dtype=dtype)
    loss = nn.functional.cross_entropy(network(x.to(device=device, dtype=dtype)), y.to(device))
    loss.backward()
    return loss.item(), {
        name: p.grad.detach().cpu().numpy().astype(np.float64).ravel()
        for name, p in network.named_parameters()
    }


def _longest(network: nn.Module) -> int:
    """The terms of the longest sum: a weight's gradient sums over batch and pixels, an output over its inputs."""
    return max(BATCH * SIZE * SIZE, *(p.numel() // p.shape[0] for p in network.parameters() if p.ndim > 1))


@pytest.fixture(params=sorted(NETWORKS))
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    with fallback_policy("error"):
        yield request.param


def test_gradients_agree_with_float64(name: str, where: str) -> None:
    used = sum(count for count, _ in fallbacks().values())
    seed, depth, wanted_loss, wanted = _wanted(name)
    loss, found = _step(_network(name), where, unison.float32, seed)
    bound = norm_limit(depth, _longest(_network(name)), dtypes.float32)
    assert abs(loss - wanted_loss) <= bound * abs(wanted_loss)
    scale = max(float(np.linalg.norm(g)) for g in wanted.values())
    for parameter, g in wanted.items():
        along = directions(parameter, g.size)
        width = bound * max(float(np.linalg.norm(g)), scale / len(wanted))
        worst = float(np.abs(along @ found[parameter] - along @ g).max())
        assert worst <= width, f"{parameter}: off by {worst:.2g}, allowed {width:.2g}"
    assert sum(count for count, _ in fallbacks().values()) == used
