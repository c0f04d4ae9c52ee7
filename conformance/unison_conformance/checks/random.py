"""Random numbers: the bits of the contract's stream, whatever the shape, the layout, the thread or the device."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import dtypes_of, expect, fetch, find, numbers, same_bits, send
from unison_conformance.checks.check import CheckFailed, check
from unison_conformance.oracle import expected
from unison_conformance.tolerance import compare, family_of, limit_of
from unison_core import dtypes, ops, spec

__all__ = ["bits", "functions", "independence", "numbers_of", "permutation", "seeds", "state", "threads"]

_CALLS = (
    {"shape": (37,), "seed": 0, "stream": 0},
    {"shape": (3, 5, 2), "seed": 1, "stream": 2**33 + 1},
    {"shape": (65,), "seed": 2**64 - 1, "stream": 3},
    {"shape": (), "seed": 2**63 + 5, "stream": 2**40},
    {"shape": (0, 4), "seed": 5, "stream": 1},
)


def _hold(got: Any, name: str, inputs: tuple[Any, ...], attrs: dict[str, Any], what: str) -> None:
    """Hold a result against the oracle of its operator."""
    (reference,) = expected(name, inputs, attrs)
    found = compare(fetch(got), reference, got.dtype, limit_of(family_of(name), got.dtype))
    expect(found.ok, f"{what} at {list(found.place)}: got {found.got}, must be {found.wanted}")


@check(level=1, each=("int32", "int64"))
def bits(device: str, name: str) -> None:
    """`random_bits` gives the words of Philox4x64-10."""
    for call in _CALLS:
        attrs = {**call, "dtype": dtypes.BY_NAME[name]}
        got = ops.random_bits(**attrs, device=device)
        _hold(got, "random_bits", (), attrs, f"random_bits{attrs} on {device}")


@check(level=1, each=("uniform", "normal"))
def numbers_of(device: str, name: str) -> None:
    """`uniform` and `normal` make the numbers of the contract from these words, in every floating dtype."""
    function = getattr(ops, name)
    for dtype in (d for d in dtypes_of(device) if d.is_floating_point):
        for call in _CALLS:
            attrs = {**call, "dtype": dtype}
            got = function(**attrs, device=device)
            expect(got.dtype is dtype, f"{name} of {dtype.name} on {device} is {got.dtype.name}")
            _hold(got, name, (), attrs, f"{name}{attrs} on {device}")


@check(level=1)
def functions(device: str) -> None:
    """randint and dropout take their words from the same streams."""
    attrs: dict[str, Any] = {"shape": (61,), "low": -3, "high": 2**40, "seed": 9, "stream": 4}
    _hold(ops.randint(**attrs, device=device), "randint", (), attrs, f"randint{attrs} on {device}")
    host = numbers((5, 13), dtypes.float32)
    drop: dict[str, Any] = {"p": 0.3, "seed": 11, "stream": 2}
    _hold(ops.dropout(send(host, device), **drop), "dropout", (host,), drop, f"dropout{drop} on {device}")


@check(level=1)
def permutation(device: str) -> None:
    """randperm is the stable order of random 64-bit integers."""
    unison.manual_seed(31)
    got = fetch(unison.randperm(101, device=device)).tolist()
    (words,) = expected("random_bits", (), {"shape": (101,), "seed": 31, "stream": 0, "dtype": dtypes.int64})
    keys = [(int(w) + 2**63) % 2**64 for w in words.value]
    wanted = sorted(range(101), key=lambda i: (keys[i], i))
    expect(got == wanted, f"randperm(101) on {device} from seed 31 begins {got[:4]}, must begin {wanted[:4]}")


@check(level=1)
def independence(device: str) -> None:
    """Element i of a stream is the same in every shape; dropout goes by the element's index, not by its place."""
    call: dict[str, Any] = {"seed": 77, "stream": 5, "device": device, "dtype": dtypes.float32}
    long = fetch(ops.uniform(shape=(120,), **call))
    for shape in ((12,), (4, 30), (2, 3, 4), (120, 1), (1,)):
        same_bits(
            fetch(ops.uniform(shape=shape, **call)).ravel(),
            long[: spec.numel(shape)],
            f"uniform of shape {list(shape)} on {device} beside one of 120 elements",
        )
    host = numbers((8, 9), dtypes.float32)
    x, turned = send(host, device), send(np.ascontiguousarray(host.T), device)
    plain = fetch(ops.dropout(x, p=0.5, seed=3, stream=1))
    same_bits(
        fetch(ops.dropout(turned.t(), p=0.5, seed=3, stream=1)),
        plain,
        f"dropout of a transposed view on {device}",
    )


_DRAWS: dict[str, Callable[[str], Any]] = {
    "rand": lambda device: unison.rand(7, device=device),
    "randn": lambda device: unison.randn(3, 3, device=device),
    "randint": lambda device: unison.randint(0, 1000, (9,), device=device),
    "randperm": lambda device: unison.randperm(11, device=device),
    "uniform_": lambda device: unison.empty(5, device=device).uniform_(-1, 1),
    "normal_": lambda device: unison.empty(5, device=device).normal_(),
    "dropout": lambda device: unison.nn.functional.dropout(unison.ones(40, device=device), 0.5),
    "bernoulli": lambda device: unison.bernoulli(unison.full((20,), 0.5, device=device)),
}


def _drawn(device: str) -> list[bytes]:
    return [fetch(draw(device)).tobytes() for draw in _DRAWS.values()]


@check(level=1)
def seeds(device: str) -> None:
    """The same seed gives the same numbers again, another seed others, and the host the same as the device.

    Normal numbers may differ between devices in their last place, so they are left out between devices.
    """
    unison.manual_seed(5)
    first = _drawn(device)
    unison.manual_seed(5)
    again = _drawn(device)
    expect(
        first == again, f"the same seed gave other numbers on {device} the second time", "NONDETERMINISTIC"
    )
    unison.manual_seed(6)
    expect(_drawn(device) != first, f"another seed gave the same numbers on {device}")
    unison.manual_seed(5)
    host = _drawn("cpu")
    for name, here, there in zip(_DRAWS, first, host, strict=True):
        if name not in ("randn", "normal_"):
            expect(here == there, f"{name} from one seed differs between {device} and the host")
    unison.manual_seed(5)
    generator = unison.Generator().manual_seed(99)
    before = fetch(unison.rand(4, generator=generator, device=device))
    expect(_drawn(device) == first, f"a generator of its own moved the default generator of {device}")
    generator.manual_seed(99)
    same_bits(
        fetch(unison.rand(4, generator=generator, device=device)),
        before,
        f"a generator seeded again on {device}",
    )


@check(level=1)
def state(device: str) -> None:
    """A saved state goes on where it was saved, and `fork_rng` leaves no trace."""
    unison.manual_seed(8)
    _drawn(device)
    saved = unison.get_rng_state()
    first = _drawn(device)
    unison.set_rng_state(saved)
    expect(
        _drawn(device) == first,
        f"numbers on {device} after set_rng_state differ from those after get_rng_state",
    )
    unison.set_rng_state(saved)
    with unison.random.fork_rng():
        _drawn(device)
    expect(_drawn(device) == first, f"draws on {device} inside fork_rng changed the numbers after it")


@check(level=1)
def threads(device: str) -> None:
    """Threads that draw at once get streams of their own: together those that one thread would have got."""
    unison.manual_seed(13)
    wanted = sorted(fetch(unison.rand(33, device=device)).tobytes() for _ in range(40))
    unison.manual_seed(13)
    got: list[bytes] = []
    failed: list[Exception] = []

    def draw() -> None:
        try:
            got.extend(fetch(unison.rand(33, device=device)).tobytes() for _ in range(10))
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    workers = [threading.Thread(target=draw) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise CheckFailed(f"drawing on {find(device)} in four threads raised {failed[0]!r}") from failed[0]
    expect(sorted(got) == wanted, f"four threads drawing on {device} did not get the streams of one thread")
