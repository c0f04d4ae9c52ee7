"""Carrying batches from a worker to its parent through shared memory.

# Note [Slots]
Each worker owns a fixed number of slots, as many as the batches it may have ready (prefetch_factor). A slot is one
shared memory segment that grows when a batch does not fit. The parent names the slot with the task, the worker packs
the batch into it, and the parent *copies* the batch out, which frees the slot for a later task. Handing the segment
itself to the user would save that copy, but a segment and an open file would live as long as any tensor in the batch,
and each batch would pay for mapping and clearing fresh pages; with slots their number is bounded and their pages warm.

# Note [Who removes segments]
A worker removes a segment that it has outgrown: its slot is free then. All others the parent removes when the worker
has ended, however it ended: names are made of a prefix, the slot and a generation that counts its growth, so the
parent knows them. Only when the parent is gone does the worker remove the rest. Segments are known to
multiprocessing's resource tracker as well, for the case that both are killed at once.
"""

import contextlib
import io
import pickle
import threading
from multiprocessing import shared_memory
from typing import Any, NamedTuple

import numpy as np

import unison
from unison.utils.data._utils.interrupts import uninterrupted

__all__ = ["Packet", "SlotReader", "SlotWriter"]

# Buffers below this many bytes travel inside the message: the shared memory detour costs more than it saves.
INLINE_BYTES = 4096
ALIGNMENT = 64


class Packet(NamedTuple):
    """A batch on its way: its pickle stream, or where that and the large buffers lie in the slot's segment."""

    stream: bytes | None
    spans: tuple[tuple[int, int], ...]
    generation: int


class SlotWriter:
    """The worker's end of its slots."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._segments: dict[int, tuple[int, shared_memory.SharedMemory]] = {}
        # Held while a segment is made and recorded, so that `unlink` in another thread misses none.
        self._changing = threading.Lock()

    def pack(self, slot: int, batch: Any) -> Packet:
        """Write the large buffers of batch into the slot, and describe the rest."""
        buffers: list[memoryview] = []
        stream = _dumps(batch, buffers)
        inline = len(stream) < INLINE_BYTES
        if not inline:
            buffers.append(memoryview(stream))
        spans, size = _lay_out(buffers)
        generation = 0
        if buffers:
            generation, segment = self._segment(slot, size)
            for (start, length), buffer in zip(spans, buffers, strict=True):
                memory(segment)[start : start + length] = buffer
        return Packet(stream if inline else None, spans, generation)

    def _segment(self, slot: int, size: int) -> tuple[int, shared_memory.SharedMemory]:
        generation, segment = self._segments.get(slot, (0, None))
        if segment is None or segment.size < size:
            generation += 1
            name = segment_name(self._prefix, slot, generation)
            with self._changing:
                if segment is not None:
                    _remove(segment)
                # Powers of two, so that batches of slowly growing size do not need a new segment each.
                segment = shared_memory.SharedMemory(name, create=True, size=1 << (size - 1).bit_length())
                self._segments[slot] = generation, segment
        return generation, segment

    def unlink(self) -> None:
        """Remove the segments' names for good, for a worker whose parent is gone: no other may be made afterwards."""
        self._changing.acquire()
        for _generation, segment in self._segments.values():
            with contextlib.suppress(FileNotFoundError):
                segment.unlink()


class SlotReader:
    """The parent's end of one worker's slots."""

    def __init__(self, prefix: str, slots: int) -> None:
        self._prefix = prefix
        self._generations = [0] * slots
        self._segments: dict[int, shared_memory.SharedMemory] = {}

    def note(self, slot: int, packet: Packet) -> None:
        """Remember the segment of a packet that has arrived, whether or not it will be unpacked."""
        self._generations[slot] = max(self._generations[slot], packet.generation)

    def unpack(self, slot: int, packet: Packet) -> Any:
        """The batch, in memory of its own: afterwards the slot may be written again."""
        buffers: list[Any] = []
        if packet.spans:
            self.note(slot, packet)
            segment = self._segment(slot, packet.generation)
            for start, length in packet.spans:
                buffers.append(np.frombuffer(memory(segment), np.uint8, length, start).copy())
        stream = buffers.pop() if packet.stream is None else packet.stream
        return pickle.loads(stream, buffers=buffers)  # noqa: S301 - from our own worker

    def _segment(self, slot: int, generation: int) -> shared_memory.SharedMemory:
        name = segment_name(self._prefix, slot, generation)
        segment = self._segments.get(slot)
        if segment is None or segment.name != name:
            with uninterrupted():
                if segment is not None:
                    segment.close()
                segment = self._segments[slot] = shared_memory.SharedMemory(name)
        return segment

    def unlink(self) -> None:
        """Remove every segment of the worker, which must not run any more."""
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()
        # A slot grows only for a batch that the parent has asked for: at most one generation is not noted yet.
        for slot, noted in enumerate(self._generations):
            for generation in (noted, noted + 1):
                with contextlib.suppress(FileNotFoundError):
                    _remove(shared_memory.SharedMemory(segment_name(self._prefix, slot, generation)))


def memory(segment: shared_memory.SharedMemory) -> memoryview:
    """The bytes of an open segment."""
    assert segment.buf is not None
    return segment.buf


def segment_name(prefix: str, slot: int, generation: int) -> str:
    """Short, since macOS allows 30 characters."""
    return f"{prefix}_{slot}_{generation}"


def _remove(segment: shared_memory.SharedMemory) -> None:
    segment.close()
    with contextlib.suppress(FileNotFoundError):
        segment.unlink()


def _lay_out(buffers: list[memoryview]) -> tuple[tuple[tuple[int, int], ...], int]:
    """Aligned (start, length) for each buffer, and the size of all."""
    spans = []
    end = 0
    for buffer in buffers:
        spans.append((end, buffer.nbytes))
        end += -(-buffer.nbytes // ALIGNMENT) * ALIGNMENT
    return tuple(spans), end


class _BatchPickler(pickle.Pickler):
    """Pickles host tensors as their raw buffer, and leaves everything else to the objects' own ways."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is not unison.Tensor:
            return NotImplemented
        if value.requires_grad and not value.is_leaf:
            raise RuntimeError(
                "a DataLoader worker cannot send a tensor that requires grad and is not a leaf: its graph lives in "
                "the worker; detach() it in the dataset or in collate_fn"
            )
        try:
            array = value.detach().numpy()
        except TypeError:
            # Not in host memory, or without a NumPy counterpart.
            return NotImplemented
        raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return _rebuild, (pickle.PickleBuffer(raw.data), array.dtype, array.shape, value.requires_grad)


def _rebuild(buffer: Any, dtype: np.dtype[Any], shape: tuple[int, ...], requires_grad: bool) -> Any:
    array: np.ndarray[Any, Any] = np.ndarray(shape, dtype, buffer)
    if not array.flags.writeable:
        array = array.copy()
    return unison.from_numpy(array).requires_grad_(requires_grad)


def _dumps(batch: Any, buffers: list[memoryview]) -> bytes:
    """The pickle stream of batch without its large buffers, which are appended to the list."""

    def keep_inline(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < INLINE_BYTES:
            return True
        buffers.append(raw)
        return False

    stream = io.BytesIO()
    _BatchPickler(stream, protocol=5, buffer_callback=keep_inline).dump(batch)
    return stream.getvalue()
