"""How a list of samples becomes a batch: one function per sample type, found in a table that users may extend."""

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

import unison

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

CollateMap = dict[type | tuple[type, ...], Callable[..., Any]]

_INTEGER = (np.dtype(np.int64), np.dtype(np.bool_))
_ACCEPTED = "batch must contain tensors, numpy arrays, numbers, strings, dicts or lists"


def collate(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Merge samples of one type into a batch by the table's function for that type, descending into containers.

    A function in the table is called as `fn(batch, collate_fn_map=...)`. Raises TypeError for a type that is neither
    in the table nor a container, RuntimeError for sequences of different lengths.
    """
    sample = batch[0]
    if collate_fn_map is not None:
        merge = _lookup(collate_fn_map, type(sample))
        if merge is not None:
            return merge(batch, collate_fn_map=collate_fn_map)
    if isinstance(sample, Mapping):
        merged = {key: collate([s[key] for s in batch], collate_fn_map=collate_fn_map) for key in sample}
        return _like_mapping(sample, merged)
    if isinstance(sample, Sequence) and not isinstance(sample, (str, bytes)):
        return _collate_sequences(batch, collate_fn_map)
    raise TypeError(
        f"default_collate: {_ACCEPTED}; found {type(sample)}. Pass a collate_fn to the DataLoader, or add the type "
        "to default_collate_fn_map"
    )


def _lookup(table: CollateMap, kind: type) -> Callable[..., Any] | None:
    if kind in table:
        return table[kind]
    return next((merge for accepted, merge in table.items() if issubclass(kind, accepted)), None)


def _collate_sequences(batch: Sequence[Any], collate_fn_map: CollateMap | None) -> Any:
    sample = batch[0]
    lengths = {len(other) for other in batch}
    if len(lengths) > 1:
        raise RuntimeError(
            f"each element in list of batch should be of equal size, got {type(sample).__name__} samples of lengths "
            f"{sorted(lengths)}; pad them in the dataset or in a collate_fn"
        )
    merged = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch, strict=True)]
    return _like_sequence(sample, merged)


def _like_mapping(sample: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """A mapping of the sample's type with other values; a dict where that type cannot be built so."""
    try:
        if isinstance(sample, MutableMapping):
            clone = copy.copy(sample)
            clone.update(items)
            return clone
        return type(sample)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _like_sequence(sample: Sequence[Any], items: list[Any]) -> Any:
    """A sequence of the sample's type with other elements; a list for tuples and where that type cannot be built so."""
    if isinstance(sample, tuple):
        return type(sample)(*items) if hasattr(sample, "_fields") else items
    try:
        if isinstance(sample, MutableSequence):
            clone = copy.copy(sample)
            clone[:] = items
            return clone
        return type(sample)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _collate_tensors(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    return unison.stack(list(batch), 0)


def _collate_arrays(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    if not _is_numeric(batch[0]):
        raise TypeError(f"default_collate: {_ACCEPTED}; found an array of dtype {batch[0].dtype}")
    return unison.stack([unison.as_tensor(array) for array in batch], 0)


def _collate_scalars(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    return unison.as_tensor(np.stack(batch))


def _collate_floats(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    return unison.as_tensor(np.array(batch, np.float64))


def _collate_ints(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    array = np.array(batch)
    # An integer that is too large makes another dtype of it; `tensor` has the right error.
    return unison.as_tensor(array) if array.dtype in _INTEGER else unison.tensor(list(batch))


def _collate_strings(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    return batch


default_collate_fn_map: CollateMap = {
    unison.Tensor: _collate_tensors,
    np.ndarray: _collate_arrays,
    (np.bool_, np.number): _collate_scalars,
    float: _collate_floats,
    int: _collate_ints,
    str: _collate_strings,
    bytes: _collate_strings,
}


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack samples into a batch: tensors, arrays and numbers get a new first dimension, containers keep their shape.

    Python floats become float64 and ints int64; strings and bytes stay lists; tuples become lists, named tuples
    stay; mappings and sequences are merged entry by entry.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """Turn the NumPy arrays in a sample into tensors and leave the rest: what `batch_size=None` does to samples."""
    if isinstance(data, unison.Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return unison.as_tensor(data) if _is_numeric(data) else data
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(value) for value in data])
    return data


def _is_numeric(array: Any) -> bool:
    return array.dtype.kind not in "SUOMmT" and array.dtype.names is None
