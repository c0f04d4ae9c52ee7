"""Determinism: the same call gives the same bits, whatever happened before and wherever the numbers lie."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import expect, fetch, find, send
from unison_conformance.checks.check import CheckFailed, check
from unison_core import ops
from unison_core.errors import NotSupportedError

__all__ = ["digest", "processes", "repeats"]

_REPEATS = 3


def _normal(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def _index(count: int, below: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(count).integers(0, below, count)


_X, _Y, _IMAGE, _WEIGHT = _normal(61, 263), _normal(263, 129), _normal(2, 4, 17, 19), _normal(6, 4, 3, 3)
_FLAT, _PLACE, _TIED = _normal(40_007), _index(40_007, 97), _index(4_001, 13).astype(np.float32)

_WORK: dict[str, tuple[tuple[Any, ...], Callable[..., Any]]] = {
    "sum": ((_FLAT,), lambda x: x.sum()),
    "sum rows": ((_X,), lambda x: x.sum(0)),
    "mean": ((_X,), lambda x: x.mean(1)),
    "var": ((_X,), lambda x: x.var(0)),
    "prod": ((_X,), lambda x: x.prod(1)),
    "cumsum": ((_FLAT,), lambda x: x.cumsum(0)),
    "logsumexp": ((_X,), lambda x: x.logsumexp(1)),
    "softmax": ((_X,), lambda x: x.softmax(1)),
    "matmul": ((_X, _Y), unison.matmul),
    "matmul of views": ((_Y, _X), lambda y, x: unison.matmul(y.t(), x.t())),
    "conv2d": ((_IMAGE, _WEIGHT), lambda x, w: unison.nn.functional.conv2d(x, w, padding=1)),
    "conv2d gradient": ((_IMAGE, _WEIGHT), lambda x, w: _gradients(unison.nn.functional.conv2d, x, w)),
    "layer_norm": ((_X,), lambda x: unison.nn.functional.layer_norm(x, (263,))),
    "batch_norm": ((_IMAGE,), lambda x: unison.nn.functional.batch_norm(x, None, None, training=True)),
    "index_add": ((np.zeros(97, np.float32), _PLACE, _FLAT), lambda z, i, v: z.index_add(0, i, v)),
    "scatter_add": ((np.zeros(97, np.float32), _PLACE, _FLAT), lambda z, i, v: z.scatter_add(0, i, v)),
    "index_put": (
        (np.zeros(97, np.float32), _PLACE, _FLAT),
        lambda z, i, v: z.index_put((i,), v, accumulate=True),
    ),
    "embedding gradient": (
        (_normal(97, 8), _index(701, 97)),
        lambda w, i: _gradients(lambda v: unison.nn.functional.embedding(i, v), w),
    ),
    "sort": ((_TIED,), lambda x: unison.sort(x)[1]),
    "argmax": ((_TIED,), lambda x: x.argmax()),
    "max_pool2d": ((_IMAGE,), lambda x: unison.nn.functional.max_pool2d(x, 3)),
    "attention": (
        (_normal(2, 33, 16), _normal(2, 33, 16, seed=1)),
        lambda q, k: unison.nn.functional.scaled_dot_product_attention(q, k, q),
    ),
}


def _gradients(function: Callable[..., Any], *inputs: Any) -> Any:
    leaves = [x.clone().requires_grad_() for x in inputs]
    out = function(*leaves)
    return unison.cat([g.reshape(-1) for g in unison.autograd.grad((out * out).sum(), leaves)])


def _bits(name: str, device: str, kept: list[Any] | None = None) -> bytes:
    """The bits of a result; its inputs stay alive in `kept`, so that the next ones lie elsewhere."""
    hosts, work = _WORK[name]
    inputs = [send(h, device) for h in hosts]
    if kept is not None:
        kept.extend(inputs)
    return fetch(work(*inputs).detach()).tobytes()


@check(level=1, needs=("deterministic",), each=_WORK)
def repeats(device: str, name: str) -> None:
    """Three times the same bits, from numbers sent anew, with other work between."""
    kept: list[Any] = []
    first = _bits(name, device, kept)
    for n in range(1, _REPEATS):
        # Odd sizes move the next allocations to other alignments.
        kept.append(send(np.ones(1 + 13 * n, np.uint8), device))
        ops.matmul(send(_X, device), send(_Y, device))
        again = _bits(name, device, kept)
        expect(
            again == first,
            f"{name} on {device} gave other bits in repeat {n}: the badge 'deterministic' asks for the same",
            "NONDETERMINISTIC",
        )


def digest(device: str) -> str:
    """SHA-256 of the bits of all work."""
    return hashlib.sha256(b"".join(_bits(name, device) for name in _WORK)).hexdigest()


@check(level=3, needs=("deterministic",))
def processes(device: str) -> None:
    """Two new processes, with other hash seeds, give the same bits as each other."""
    from unison_core import plugins

    if plugins.require(find(device).type).entry is None:
        raise NotSupportedError(f"{device} was registered in this process; another process does not know it")
    program = f"from unison_conformance.checks.determinism import digest; print(digest({device!r}))"
    seen = []
    for seed in ("1", "2"):
        ran = subprocess.run(  # noqa: S603 - this program, with a device's name
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ran.returncode:
            raise CheckFailed(
                f"a process of its own on {device} ended with {ran.returncode}: {ran.stderr[-300:]}"
            )
        seen.append(ran.stdout.strip())
    expect(
        seen[0] == seen[1],
        f"two processes on {device} gave different bits for the same work",
        "NONDETERMINISTIC",
    )
