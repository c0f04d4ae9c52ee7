"""The sampler that gives each of several processes its own share of a dataset."""

import itertools
from collections.abc import Iterator
from typing import Any

import unison
from unison.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every num_replicas-th index, starting at rank, of an order that all replicas share.

    All replicas get equally many samples: the order is filled up from its beginning, or its tail is cut with
    `drop_last`. Call `set_epoch` before each epoch, else every epoch has the same order. Raises ValueError for a rank
    outside [0, num_replicas), RuntimeError when the two are left out and no process group can tell them.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None:
            num_replicas = int(_process_group("num_replicas").get_world_size())
        if rank is None:
            rank = int(_process_group("rank").get_rank())
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        size = len(dataset)
        self.num_samples = size // num_replicas if drop_last else -(-size // num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        order = self._order()
        filled = itertools.cycle(order) if order else iter(())
        return itertools.islice(filled, self.rank, self.total_size, self.num_replicas)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass: the same on every replica, another one for every epoch."""
        self.epoch = epoch

    def _order(self) -> list[int]:
        if not self.shuffle:
            return list(range(len(self.dataset)))
        generator = unison.Generator()
        generator.manual_seed(self.seed + self.epoch)
        return list(unison.randperm(len(self.dataset), generator=generator).tolist())


def _process_group(wanted: str) -> Any:
    distributed = getattr(unison, "distributed", None)
    if distributed is None or not distributed.is_available():
        raise RuntimeError(
            f"DistributedSampler: {wanted} was not given and the distributed package is not available to tell it; "
            "pass num_replicas=<number of processes> and rank=<number of this process>"
        )
    return distributed
