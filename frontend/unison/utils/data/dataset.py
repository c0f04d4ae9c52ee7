"""Datasets: map-style (`dataset[i]`), iterable (`iter(dataset)`), and the ways of combining and splitting them."""

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

import unison

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A map from keys to samples: subclasses define `__getitem__` and, for most samplers, `__len__`.

    A dataset may also define `__getitems__(indices) -> list`; the DataLoader then asks for a batch in one call.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} is a Dataset and must define __getitem__(index)")

    def __add__(self, other: "Dataset[Any]") -> "ConcatDataset[Any]":
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples: subclasses define `__iter__`.

    With worker processes every worker iterates its own copy; `get_worker_info()` inside `__iter__` tells the copies
    apart, so that each can yield its own share.
    """

    def __add__(self, other: Dataset[Any]) -> "ChainDataset":  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Samples are tuples of the slices of several tensors along their first dimension.

    Raises AssertionError when the first dimensions differ.
    """

    def __init__(self, *tensors: Any) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(
                f"Size mismatch between tensors: their first dimensions are {sizes}; a TensorDataset needs them equal"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class StackDataset(Dataset[Any]):
    """Samples of equally long datasets side by side: a tuple of them, or a dict when given as keywords.

    Raises ValueError for no datasets, for positional and keyword datasets at once, and for different lengths.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "StackDataset takes datasets either as positional arguments (samples are tuples) or as keywords "
                "(samples are dicts), got both"
            )
        if not args and not kwargs:
            raise ValueError("StackDataset: at least one dataset should be passed")
        self.datasets: tuple[Any, ...] | dict[str, Any] = args or kwargs
        lengths = [len(dataset) for dataset in self._parts()]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"Size mismatch between datasets: StackDataset needs equal lengths, got {lengths}"
            )
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        return self._sample(dataset[index] for dataset in self._parts())

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        columns = [fetch_items(dataset, indices) for dataset in self._parts()]
        for dataset, column in zip(self._parts(), columns, strict=True):
            if len(column) != len(indices):
                raise ValueError(
                    f"{type(dataset).__name__}.__getitems__ was asked for {len(indices)} samples and returned "
                    f"{len(column)}"
                )
        return [self._sample(row) for row in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return self._length

    def _parts(self) -> Iterable[Any]:
        return self.datasets.values() if isinstance(self.datasets, dict) else self.datasets

    def _sample(self, values: Iterable[Any]) -> Any:
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, values, strict=True))
        return tuple(values)


def fetch_items(dataset: Any, indices: list[Any]) -> Any:
    """Samples of dataset at indices, in one `__getitems__` call where the dataset offers that."""
    if callable(getattr(dataset, "__getitems__", None)):
        return dataset.__getitems__(indices)
    return [dataset[index] for index in indices]


class ConcatDataset(Dataset[T_co]):
    """Several map-style datasets one after the other; negative indices count from the end.

    Raises AssertionError for no datasets or an IterableDataset among them; for an index out of range ValueError when
    negative, else IndexError.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError(
                "ConcatDataset does not support IterableDataset; chain those with ChainDataset"
            )
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __getitem__(self, index: int) -> T_co:
        length = len(self)
        if not -length <= index < length:
            raise (ValueError if index < 0 else IndexError)(
                f"index {index} is out of range for a ConcatDataset of length {length}"
            )
        index %= length
        part = bisect.bisect_right(self.cumulative_sizes, index)
        start = self.cumulative_sizes[part - 1] if part else 0
        return cast(T_co, self.datasets[part][index - start])

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[Any]):
    """Several iterable datasets one after the other, read lazily.

    Raises AssertionError when a part is not an IterableDataset.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self._checked():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._checked())

    def _checked(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, got {type(dataset).__name__}; "
                    "concatenate map-style datasets with ConcatDataset"
                )
            yield dataset


class Subset(Dataset[T_co]):
    """The samples of a dataset at chosen indices.

    Raises NotImplementedError when a subclass overrides `__getitem__` alone: the DataLoader would read the samples
    through `__getitems__` and bypass it.
    """

    def __init__(self, dataset: Any, indices: Sequence[Any]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which the DataLoader calls; "
                "define __getitems__(self, indices) as well, e.g. returning [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return cast(T_co, self.dataset[[self.indices[i] for i in index]])
        return cast(T_co, self.dataset[self.indices[index]])

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        return cast("list[T_co]", fetch_items(self.dataset, [self.indices[index] for index in indices]))

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[int | float], generator: Any = None) -> list[Subset[Any]]:
    """Disjoint random subsets of dataset with the given lengths, or with lengths in the given fractions.

    Fractions must add up to 1; each is rounded down, and the samples left over go one each to the first subsets.
    Raises ValueError for a fraction outside [0, 1] and for lengths that do not add up to `len(dataset)`.
    """
    size = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_fractions(size, lengths)
    if sum(lengths) != size:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"Got {list(lengths)} for {size} samples; give lengths that add up to {size} or fractions that add up to 1"
        )
    order = iter(unison.randperm(size, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, int(length)))) for length in lengths]


def _lengths_of_fractions(size: int, fractions: Sequence[float]) -> list[int]:
    for position, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {position} is not between 0 and 1: got {fraction}")
    lengths = [math.floor(size * fraction) for fraction in fractions]
    for position in range(size - sum(lengths)):
        lengths[position % len(lengths)] += 1
    for position, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"Length of split at index {position} is 0, so that subset is empty: the dataset has {size} samples",
                stacklevel=3,
            )
    return lengths
