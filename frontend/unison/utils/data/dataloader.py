"""The DataLoader: checks its options, and makes the iterators of `_utils/iterators.py`."""

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from unison.utils.data._utils.collate import default_collate, default_convert
from unison.utils.data._utils.iterators import LoaderIterator, LocalIterator, WorkerIterator, when_collected
from unison.utils.data._utils.pool import WorkerPool, default_context
from unison.utils.data._utils.worker import get_worker_info
from unison.utils.data.dataset import IterableDataset
from unison.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)

_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


class _Endless(Sampler[None]):
    """Asks an iterable dataset for one more sample, for ever: only the dataset knows its end."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T_co]):
    """Iterates a dataset in batches, reading it in this process or in `num_workers` worker processes.

    Batches come in the sampler's order whatever the workers' speed, unless `in_order=False`. What is random in
    workers follows from `generator` (or the default one): equal seeds give equal epochs, and each worker and each epoch
    differs; persistent workers are seeded anew each epoch, so they give what fresh ones would. Each worker keeps up to
    `prefetch_factor` (default 2) batches ready, in shared memory; what the loop gets is a copy in memory of its own.

    `batch_size=None` hands samples over one by one, through `default_convert`. `pin_memory` copies batches to
    page-locked memory where an accelerator is present, and warns where none is. `timeout` (seconds) limits the wait
    for a batch. A pool of persistent workers serves one iterator at a time; another one that starts meanwhile gets
    workers of its own.

    Raises ValueError for options that contradict each other, TypeError for a multiprocessing_context of another type.
    While iterating: the exception of a failing worker, with its class and its traceback as text; RuntimeError when a
    worker dies or `timeout` passes; AssertionError for a timeout without workers and for workers within a worker.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: BaseContext | str | None = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_worker_options(num_workers, timeout, prefetch_factor, persistent_workers)
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            _check_iterable_options(shuffle, sampler, batch_sampler)
        _check_batch_options(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.persistent_workers = persistent_workers
        self.generator = generator
        if sampler is None:
            sampler = _default_sampler(dataset, iterable, shuffle, generator)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.batch_size = batch_size
        self.drop_last = drop_last
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self._announced_length: int | None = None
        self._pool: WorkerPool | None = None
        self._initialized = True
        self.check_worker_number_rationality()

    def __iter__(self) -> LoaderIterator:
        if self.num_workers == 0:
            return LocalIterator(self)
        pool, kept = self._take_pool()
        return WorkerIterator(self, pool, kept)

    def __len__(self) -> int:
        """The number of batches; TypeError when the sampler, or an iterable dataset, has no length."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)  # type: ignore[arg-type]
        length = len(self.dataset)
        if self.batch_size is not None:
            length = length // self.batch_size if self.drop_last else -(-length // self.batch_size)
        self._announced_length = length
        return length

    @property
    def multiprocessing_context(self) -> BaseContext | None:
        """The context that starts worker processes; None for the default one."""
        return self._multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: BaseContext | str | None) -> None:
        self._multiprocessing_context = _checked_context(context, self.num_workers)

    def check_worker_number_rationality(self) -> None:
        """Warn when there are more workers than processors to run them."""
        affinity = getattr(os, "sched_getaffinity", None)
        processors = len(affinity(0)) if affinity else os.cpu_count() or 1
        if self.num_workers > processors:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total, but only {processors} "
                "processors are available to run them: loading may become slower, not faster. Lower num_workers",
                stacklevel=3,
            )

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and getattr(self, "_initialized", False):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized; make a new one"
            )
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        # Workers belong to the process that has started them, and to one loader.
        return {**vars(self), "_pool": None}

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _fetch_options(self) -> dict[str, Any]:
        return {
            "iterable": isinstance(self.dataset, IterableDataset),
            "batched": self._auto_collation,
            "collate_fn": self.collate_fn,
            "drop_last": self.drop_last,
        }

    def _take_pool(self) -> tuple[WorkerPool, bool]:
        """Workers for one iterator, and whether they are kept when it ends."""
        if not self.persistent_workers:
            return self._new_pool(), False
        if self._pool is None or self._pool.closed:
            self._pool = self._new_pool()
            when_collected(self, self._pool, kept=False)
        elif self._pool.busy:
            return self._new_pool(), False
        return self._pool, True

    def _new_pool(self) -> WorkerPool:
        if multiprocessing.current_process().daemon:
            raise AssertionError(
                f"a DataLoader with num_workers={self.num_workers} cannot be iterated inside a DataLoader worker or "
                "another daemonic process, which may not have children; use num_workers=0 there"
            )
        assert self.prefetch_factor is not None
        setup = {"dataset": self.dataset, "make_fetch": self._fetch_options(), "init_fn": self.worker_init_fn}
        context = self.multiprocessing_context or default_context()
        return WorkerPool(self, context, self.num_workers, self.prefetch_factor, setup)


def _check_worker_options(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            f"num_workers option should be non-negative, got {num_workers}; use num_workers=0 to load in this process"
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}; 0 waits without a limit")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            f"prefetch_factor={prefetch_factor} needs worker processes: set num_workers > 0, or leave it None"
        )
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"prefetch_factor option should be positive, got {prefetch_factor}")
    if persistent and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0, got num_workers=0")


def _check_iterable_options(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    for name, value in {
        "shuffle": shuffle or None,
        "sampler": sampler,
        "batch_sampler": batch_sampler,
    }.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}; "
                "the dataset itself decides what comes next"
            )


def _check_batch_options(
    batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle: shuffle in the sampler")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
        )
    if batch_sampler is None and batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )


def _default_sampler(dataset: Any, iterable: bool, shuffle: Any, generator: Any) -> Sampler[Any]:
    if iterable:
        return _Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _checked_context(context: Any, num_workers: int) -> BaseContext | None:
    if context is None:
        return None
    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
            f"but got num_workers={num_workers}"
        )
    if isinstance(context, str):
        valid = multiprocessing.get_all_start_methods()
        if context not in valid:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {valid}, "
                f"but got multiprocessing_context={context!r}"
            )
        return multiprocessing.get_context(context)
    if not isinstance(context, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start method, "
            f"but got multiprocessing_context={context!r}"
        )
    return context
