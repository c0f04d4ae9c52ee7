"""Reading one batch: by indices from a map-style dataset, by pulling samples from an iterable one."""

import itertools
from collections.abc import Callable
from typing import Any

from unison.utils.data.dataset import fetch_items

__all__ = ["Fetch", "make_fetch"]

Fetch = Callable[[Any], Any]


def make_fetch(
    dataset: Any, *, iterable: bool, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> Fetch:
    """A function from what the sampler yields to a batch; it raises StopIteration when an iterable dataset ends."""
    if not iterable:
        return _map_fetch(dataset, batched, collate_fn)
    samples = iter(dataset)
    if not batched:
        return lambda _key: collate_fn(next(samples))

    def fetch_batch(keys: list[Any]) -> Any:
        batch = list(itertools.islice(samples, len(keys)))
        if not batch or (drop_last and len(batch) < len(keys)):
            raise StopIteration
        return collate_fn(batch)

    return fetch_batch


def _map_fetch(dataset: Any, batched: bool, collate_fn: Callable[[Any], Any]) -> Fetch:
    if batched:
        return lambda keys: collate_fn(fetch_items(dataset, keys))
    return lambda key: collate_fn(dataset[key])
