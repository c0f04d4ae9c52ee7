"""Every check of random streams catches a device with the bug it is about."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import caught
from unison_core import arraykit, dtypes, ops
from unison_cpu.backend import CpuBackend

_NATIVE = {d: np.dtype(d.name) for d in dtypes.ALL if d is not dtypes.bfloat16}
_PHILOX = arraykit.kernels(np, _NATIVE)["random_bits"]


def _bits(change: Any) -> dict[str, Any]:
    def random_bits(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        seed, stream = change(seed, stream)
        return _PHILOX(shape=shape, seed=seed, stream=stream, dtype=dtype, device=device)

    return {"random_bits": random_bits}


@pytest.mark.parametrize(
    "change",
    [
        lambda s, n: (s & 0xFFFFFFFF, n),
        lambda s, n: (s, n & 0xFFFFFFFF),
        lambda s, n: (s, 0),
        lambda s, n: (1, n),
    ],
    ids=["seed-of-32-bits", "stream-of-32-bits", "one-stream", "one-seed"],
)
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_bits_notices_another_stream(dtype: str, change: Any) -> None:
    assert "random_bits" in caught(f"check.random.bits-{dtype}", _bits(change))


def test_bits_notices_words_high_half_first() -> None:
    def random_bits(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        plain = _PHILOX(shape=(64,), seed=seed, stream=stream, dtype=dtype, device=device)
        swapped = plain.reshape(-1, 2)[:, ::-1].ravel() if dtype.itemsize == 4 else plain
        return np.resize(swapped, shape).astype(swapped.dtype)

    caught("check.random.bits-int32", {"random_bits": random_bits})


def test_numbers_of_uniform_notices_a_coarser_number() -> None:
    def uniform(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        fine = ops.uniform(shape=shape, seed=seed, stream=stream, dtype=dtypes.float32, device="cpu").array
        native = CpuBackend().native(dtype)
        return (np.floor(fine * 2.0**8) / 2.0**8).astype(native)

    assert "uniform" in caught("check.random.numbers_of-uniform", {"uniform": uniform})


def test_numbers_of_normal_notices_the_sine() -> None:
    def normal(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        wide = dtypes.float64 if dtype is dtypes.float64 else dtypes.float32
        pairs = ops.uniform(shape=(*shape, 2), seed=seed, stream=stream, dtype=wide, device="cpu").array
        radius = np.sqrt(-2 * np.log1p(-pairs[..., 0]))
        return np.asarray(radius * np.sin(2 * np.pi * pairs[..., 1])).astype(CpuBackend().native(dtype))

    assert "normal" in caught("check.random.numbers_of-normal", {"normal": normal})


def test_functions_notices_dropout_of_the_others() -> None:
    def dropout(x: Any, *, p: float, seed: int, stream: int) -> Any:
        draw = ops.uniform(shape=x.shape, seed=seed, stream=stream, dtype=dtypes.float32, device="cpu").array
        return np.where(draw < p, x / np.float32(1 - p), np.float32(0))

    assert "dropout" in caught("check.random.functions", {"dropout": dropout})


def test_permutation_notices_unsigned_order() -> None:
    def sort(x: Any, *, dim: int, descending: bool) -> Any:
        order = np.argsort(x.view(np.uint64), axis=dim, kind="stable")
        return np.take_along_axis(x, order, dim), order

    assert "randperm" in caught("check.random.permutation", {"sort": sort})


def test_independence_notices_a_stream_by_shape() -> None:
    def random_bits(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        return _PHILOX(shape=shape, seed=seed, stream=stream + len(shape), dtype=dtype, device=device)

    assert "beside one of 120" in caught("check.random.independence", {"random_bits": random_bits})


def test_independence_notices_a_mask_by_place() -> None:
    def dropout(x: Any, *, p: float, seed: int, stream: int) -> Any:
        draw = ops.uniform(
            shape=(x.size,), seed=seed, stream=stream, dtype=dtypes.float32, device="cpu"
        ).array
        out = np.empty_like(x)
        flat = np.where(draw >= p, x.ravel(order="K") * np.float32(2), np.float32(0))
        np.lib.stride_tricks.as_strided(out, (x.size,), (4,))[...] = flat
        return out

    assert "transposed view" in caught("check.random.independence", {"dropout": dropout})


def test_seeds_notices_a_device_with_state() -> None:
    calls = [0]

    def random_bits(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        calls[0] += 1
        return _PHILOX(shape=shape, seed=seed, stream=stream + calls[0], dtype=dtype, device=device)

    assert "the second time" in caught("check.random.seeds", {"random_bits": random_bits})


def test_seeds_notices_another_stream_than_the_hosts() -> None:
    text = caught("check.random.seeds", _bits(lambda seed, stream: (seed ^ 1, stream)))
    assert "and the host" in text


def test_state_notices_a_device_with_state() -> None:
    calls = [0]

    def random_bits(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        calls[0] += 1
        return _PHILOX(shape=shape, seed=seed + calls[0], stream=stream, dtype=dtype, device=device)

    assert "after set_rng_state" in caught("check.random.state", {"random_bits": random_bits})


def test_threads_notices_a_seed_by_thread() -> None:
    main = threading.get_ident()
    change = _bits(lambda seed, stream: (seed + (threading.get_ident() != main), stream))
    assert "did not get the streams" in caught("check.random.threads", change)


def test_threads_tells_what_a_thread_raised() -> None:
    def random_bits(*, shape: Any, seed: int, stream: int, dtype: Any, device: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError("no room for a second thread")
        return _PHILOX(shape=shape, seed=seed, stream=stream, dtype=dtype, device=device)

    assert "raised" in caught("check.random.threads", {"random_bits": random_bits})
