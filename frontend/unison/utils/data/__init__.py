"""Datasets, samplers and the DataLoader: everything listed in `__all__` is public, `_utils` is not.

Start with `dataset.py` (what is loaded), `sampler.py` (in which order) and `dataloader.py` (how it becomes
batches). `_utils` holds the parts: `collate` stacks samples, `fetch` reads one batch, `worker` is the program of a
worker process, `pool` its other end in the parent, `transport` carries batches through shared memory, `interrupts`
is about Ctrl-C.
"""

from unison.utils.data._utils.collate import default_collate, default_convert
from unison.utils.data._utils.worker import get_worker_info
from unison.utils.data.dataloader import DataLoader
from unison.utils.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from unison.utils.data.distributed import DistributedSampler
from unison.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
