"""Sequences of unequal length as one tensor: padded to the longest, or packed without the padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import unison
from unison._tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences of falling length, time step after time step, without padding; made by pack_sequence and its kin.

    ``data`` holds batch_sizes[0] first elements, then batch_sizes[1] second ones, and so on. ``sorted_indices`` says
    which sequence came first, and ``unsorted_indices`` undoes it; both are None when they came sorted. batch_sizes
    stays on the host: ValueError otherwise.
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if batch_sizes is None:
            data, batch_sizes = data  # as PackedSequence((data, batch_sizes))
        if batch_sizes.device.type != "cpu":
            raise ValueError(
                f"batch_sizes should always be on CPU, got {batch_sizes.device}. Create a PackedSequence with "
                "pack_sequence or pack_padded_sequence rather than by hand."
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move and convert data; the indices follow to its device, batch_sizes stays."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        indices = (None if index is None else index.to(data.device) for index in self[2:])
        return type(self)(data, self.batch_sizes, *indices)

    def cpu(self) -> Self:
        """Move data to the host device."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move data to a CUDA device."""
        return self.to("cuda" if device is None else unison.device("cuda", device))

    def double(self) -> Self:
        """Convert data to float64."""
        return self.to(unison.float64)

    def float(self) -> Self:
        """Convert data to float32."""
        return self.to(unison.float32)

    def half(self) -> Self:
        """Convert data to float16."""
        return self.to(unison.float16)

    def long(self) -> Self:
        """Convert data to int64."""
        return self.to(unison.int64)

    def int(self) -> Self:
        """Convert data to int32."""
        return self.to(unison.int32)

    @property
    def is_cuda(self) -> bool:
        """Whether data is on a CUDA device."""
        return self.data.device.type == "cuda"

    def is_pinned(self) -> bool:
        """Whether data is in page-locked memory."""
        return self.data.is_pinned()

    def pin_memory(self) -> Self:
        """Move data and indices to page-locked memory."""
        indices = (None if index is None else index.pin_memory() for index in self[2:])
        return type(self)(self.data.pin_memory(), self.batch_sizes, *indices)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one; None for None."""
    if permutation is None:
        return None
    places = unison.arange(permutation.numel(), device=permutation.device)
    return unison.empty_like(permutation).scatter(0, permutation, places)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences padded to (T, B, *), or (B, T, *) with batch_first, of these lengths.

    The lengths, a list or a host tensor, must fall unless enforce_sorted is False, which sorts. RuntimeError for
    lengths that are not positive, not sorted, too many, too few or longer than the input.
    """
    lengths = unison.as_tensor(lengths, dtype=unison.int64)
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = unison.sort(lengths, descending=True)
        sorted_indices = sorted_indices.to(input.device)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if batch_first:
        input = input.transpose(0, 1)
    sizes = lengths.tolist()
    _check_lengths(sizes, input.shape[0], input.shape[1])
    taken = _is_taken(lengths)
    data = input[: sizes[0]][taken.to(input.device)]
    return PackedSequence(data, taken.sum(1), sorted_indices)


def _is_taken(lengths: Tensor) -> Tensor:
    """Which elements of a padded (T, B) belong to the sequences."""
    return unison.arange(int(lengths.max())).unsqueeze(1) < lengths.cpu()


def _check_lengths(lengths: list[int], steps: int, batch: int) -> None:
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})"
        )
    if min(lengths, default=0) <= 0:
        raise RuntimeError(
            f"Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0: {lengths}"
        )
    if lengths != sorted(lengths, reverse=True):
        raise RuntimeError(
            f"`lengths` array must be sorted in decreasing order when `enforce_sorted` is True, got {lengths}. "
            "Pass `enforce_sorted=False` to have the sequences sorted."
        )
    if lengths[0] > steps:
        raise RuntimeError(f"Expected lengths up to the {steps} steps of the input, got {lengths[0]}")


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undo pack_padded_sequence: (padded (T, B, *) or (B, T, *), lengths), in the order before sorting.

    ``total_length`` pads further than to the longest sequence; ValueError when it is shorter.
    """
    batch_sizes = sequence.batch_sizes
    steps = batch_sizes.shape[0]
    if total_length is not None and total_length < steps:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {steps}"
        )
    batch = int(batch_sizes[0])
    taken = unison.arange(batch) < batch_sizes.unsqueeze(1)
    lengths = taken.sum(0)
    if total_length is not None and total_length > steps:
        rest = unison.zeros((total_length - steps, batch), dtype=unison.bool)
        taken = unison.cat([taken, rest])
    padded = sequence.data.new_full((*taken.shape, *sequence.data.shape[1:]), padding_value)
    padded = padded.index_put((taken.to(padded.device),), sequence.data)
    if batch_first:
        padded = padded.transpose(0, 1)
    if sequence.unsorted_indices is None:
        return padded, lengths
    padded = padded.index_select(0 if batch_first else 1, sequence.unsorted_indices)
    return padded, lengths[sequence.unsorted_indices.cpu()]


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Stack sequences (T_i, *) to (T, B, *), or (B, T, *) with batch_first, padded on the right or the left.

    RuntimeError for what is no iterable, is empty, or differs after the first dimension; ValueError for a side
    that is neither "right" nor "left".
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("right", "left"):
        raise ValueError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    trailing = sequences[0].shape[1:]
    for sequence in sequences:
        if sequence.shape[1:] != trailing:
            raise RuntimeError(
                "pad_sequence: Expected all sequences to have the same trailing dimensions, got "
                f"{tuple(sequence.shape)} and {tuple(sequences[0].shape)}"
            )
    steps = max(sequence.shape[0] for sequence in sequences)
    padded = [_padded_to(sequence, steps, padding_value, padding_side) for sequence in sequences]
    return unison.stack(padded, 0 if batch_first else 1)


def _padded_to(sequence: Tensor, steps: int, value: float, side: str) -> Tensor:
    missing = steps - sequence.shape[0]
    if missing == 0:
        return sequence
    padding = sequence.new_full((missing, *sequence.shape[1:]), value)
    return unison.cat([sequence, padding] if side == "right" else [padding, sequence])


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """Undo pad_sequence: the sequences, of these lengths, as a list."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [sequence[: int(length)] for sequence, length in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences (T_i, *), of falling length unless enforce_sorted is False."""
    lengths = [sequence.shape[0] for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Undo pack_sequence: the sequences as a list, in their first order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
