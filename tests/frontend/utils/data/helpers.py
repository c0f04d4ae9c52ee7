"""Datasets that behave and misbehave, at module level so that spawned workers can import them, and what to look at."""

import contextlib
import faulthandler
import os
import time
from multiprocessing import shared_memory
from pathlib import Path

import numpy as np

import unison
from unison.utils.data import Dataset, IterableDataset, get_worker_info

# Machines with fewer processors than workers are no reason to fail; CPython warns of fork beside BLAS threads.
IGNORED = (
    "ignore:This DataLoader will create:UserWarning",
    "ignore:This process .* is multi-threaded:DeprecationWarning",
)


class Squares(Dataset):
    """Samples (image of i * i, i); large=True makes batches that go through shared memory."""

    def __init__(self, length=12, large=False):
        self.length = length
        self.shape = (40, 40) if large else (2,)

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if not 0 <= index < self.length:
            raise IndexError(index)
        return unison.full(self.shape, float(index * index)), index


class Count(IterableDataset):
    """0..length-1, each worker the whole of it or (shared) every n-th number."""

    def __init__(self, length, shared=False):
        self.length = length
        self.shared = shared

    def __len__(self):
        return self.length

    def __iter__(self):
        info = get_worker_info() if self.shared else None
        return iter(range(self.length) if info is None else range(info.id, self.length, info.num_workers))


class PerWorker(IterableDataset):
    """Worker w yields lengths[w] numbers, 100 * w onwards."""

    def __init__(self, lengths):
        self.lengths = lengths

    def __iter__(self):
        worker = get_worker_info().id
        return iter(range(100 * worker, 100 * worker + self.lengths[worker]))


class Info(Dataset):
    """Samples (worker id, number of workers, seed, length of the worker's dataset)."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        info = get_worker_info()
        return info.id, info.num_workers, info.seed, len(info.dataset)


class Draws(Dataset):
    """Samples are draws from the worker's three default generators."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        import random

        return random.random(), unison.rand(()).item(), np.random.random()  # noqa: NPY002


class Failing(Dataset):
    """Raises (a copy of) the given error for one index."""

    def __init__(self, error, at=3):
        self.error = error
        self.at = at

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index == self.at:
            raise self.error
        return index


class FailingAlone(Squares):
    """Raises an error that cannot be pickled along with the dataset."""

    def __getitem__(self, index):
        raise CustomError(5, "bad checksum")


class Dying(Dataset):
    """Ends its process for one index: by a signal, or by exit code when `how` is None."""

    def __init__(self, how, at=3):
        self.how = how
        self.at = at

    def __len__(self):
        return 1000

    def __getitem__(self, index):
        if index == self.at:
            if self.how is None:
                os._exit(7)
            faulthandler.disable()
            os.kill(os.getpid(), self.how)
            time.sleep(30)
        return unison.zeros(40, 40)


class Slow(Dataset):
    """Sleeps before the samples at some indices (every one for None)."""

    def __init__(self, seconds, at=None, length=8):
        self.seconds = seconds
        self.at = at
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if self.at is None or index in self.at:
            time.sleep(self.seconds)
        return index


class CustomError(Exception):
    """Cannot be unpickled in the ordinary way: the constructor takes other arguments than `args` holds."""

    def __init__(self, code, reason):
        super().__init__(f"{reason} ({code})")
        self.code = code


def identity(value):
    return value


def doubled(batch):
    return unison.tensor(batch) * 2


def pool_of(iterator):
    return iterator._pool


def pids(iterator):
    return [process.pid for process in pool_of(iterator)._processes]


def prefixes(iterator):
    return [reader._prefix for reader in pool_of(iterator)._readers]


def existing_segments(prefixes, slots=4, generations=6):
    """Names of the shared memory segments that exist."""
    names = [f"{p}_{slot}_{gen}" for p in prefixes for slot in range(slots) for gen in range(generations)]
    return [name for name in names if _exists(name)]


def _exists(name):
    if Path("/dev/shm").is_dir():
        return Path("/dev/shm", name).exists()
    try:
        shared_memory.SharedMemory(name).close()
    except FileNotFoundError:
        return False
    return True


def alive(pid):
    """Whether the process runs; a zombie that nobody has waited for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition, seconds=10.0):
    """Whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
