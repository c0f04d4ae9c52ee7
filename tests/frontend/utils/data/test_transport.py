import threading

import numpy as np
import pytest

import unison
from tests.frontend.utils.data.helpers import existing_segments
from unison.utils.data._utils.transport import INLINE_BYTES, SlotReader, SlotWriter

LARGE = INLINE_BYTES


@pytest.fixture
def slots():
    prefix = f"unison_test_{np.random.SeedSequence().entropy % 2**32:08x}"
    writer, reader = SlotWriter(prefix), SlotReader(prefix, 2)
    yield writer, reader, prefix
    reader.unlink()
    assert existing_segments([prefix]) == []


def carried(slots, value, slot=0):
    writer, reader, _ = slots
    return reader.unpack(slot, writer.pack(slot, value))


@pytest.mark.parametrize("name", ["bool", "uint8", "int16", "int64", "float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 2), (70, 80)])
def test_transport_keeps_dtype_shape_and_values(slots, name, shape):
    sent = (unison.arange(int(np.prod(shape))).reshape(shape) % 7).to(getattr(unison, name))
    received = carried(slots, sent)
    assert received.dtype == sent.dtype
    assert tuple(received.shape) == shape
    assert received.tolist() == sent.tolist()


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_transport_of_half_precision(slots, name):
    sent = unison.arange(4 * LARGE).to(getattr(unison, name))
    received = carried(slots, sent)
    assert received.dtype == sent.dtype
    assert received.to(unison.float32).tolist() == sent.to(unison.float32).tolist()


@pytest.mark.parametrize("size", [3, LARGE])
def test_transport_of_views(slots, size):
    base = unison.arange(4 * size).reshape(2, 2 * size)
    for view in (base.t(), base[:, ::2], base[0].expand(3, 2 * size)):
        assert carried(slots, view).tolist() == view.tolist()


@pytest.mark.parametrize("size", [3, LARGE])
def test_transport_gives_writable_memory_of_its_own(slots, size):
    writer, reader, _ = slots
    sent = unison.zeros(size)
    received = reader.unpack(0, writer.pack(0, sent))
    received += 1
    again = reader.unpack(0, writer.pack(0, sent))
    assert received.tolist() == [1.0] * size
    assert again.tolist() == [0.0] * size


@pytest.mark.parametrize("size", [3, LARGE])
def test_transport_keeps_requires_grad_of_leaves(slots, size):
    assert carried(slots, unison.ones(size, requires_grad=True)).requires_grad
    assert not carried(slots, unison.ones(size)).requires_grad


def test_transport_refuses_a_tensor_with_a_graph(slots):
    with pytest.raises(RuntimeError, match="not a leaf"):
        carried(slots, unison.ones(3, requires_grad=True) * 2)


def test_transport_keeps_structure_and_identity(slots):
    shared = unison.ones(LARGE)
    received = carried(slots, {"a": [shared, (shared, "text")], "n": np.arange(LARGE), "none": None})
    assert received["a"][0] is received["a"][1][0]
    assert received["a"][1][1] == "text"
    assert received["none"] is None
    assert received["n"].tolist() == list(range(LARGE))
    received["n"][0] = 5


def test_transport_small_values_use_no_segment(slots):
    writer, reader, prefix = slots
    packet = writer.pack(0, [unison.ones(10), "text"])
    assert packet.spans == ()
    assert existing_segments([prefix]) == []
    assert reader.unpack(0, packet)[0].tolist() == [1.0] * 10


def test_transport_large_streams_go_through_the_segment(slots):
    writer, reader, _ = slots
    packet = writer.pack(0, ["x" * LARGE, unison.ones(LARGE)])
    assert packet.stream is None
    assert len(packet.spans) == 2
    received = reader.unpack(0, packet)
    assert received[0] == "x" * LARGE
    assert received[1].tolist() == [1.0] * LARGE


def test_transport_buffers_are_aligned_and_apart(slots):
    packet = slots[0].pack(0, [np.ones(LARGE + 1, np.uint8), np.ones(LARGE, np.float64), np.ones(LARGE)])
    assert all(start % 64 == 0 for start, _ in packet.spans)
    ends = [start + length for start, length in packet.spans]
    assert all(end <= start for end, (start, _) in zip(ends, packet.spans[1:], strict=False))


def test_transport_slot_grows_and_the_outgrown_segment_is_removed(slots):
    writer, reader, prefix = slots
    for size in (LARGE, LARGE + 1, 10 * LARGE, LARGE, 50 * LARGE):
        packet = writer.pack(1, unison.arange(size))
        assert reader.unpack(1, packet).tolist() == list(range(size))
    assert existing_segments([prefix]) == [f"{prefix}_1_{packet.generation}"]


def test_transport_slots_are_apart(slots):
    writer, reader, _ = slots
    first, second = writer.pack(0, unison.zeros(LARGE)), writer.pack(1, unison.ones(LARGE))
    assert reader.unpack(0, first).sum().item() == 0
    assert reader.unpack(1, second).sum().item() == LARGE


def test_transport_reader_removes_what_it_never_saw(slots):
    writer, reader, prefix = slots
    reader.unpack(0, writer.pack(0, unison.ones(LARGE)))
    writer.pack(0, unison.ones(9 * LARGE))
    writer.pack(1, unison.ones(LARGE))
    assert len(existing_segments([prefix])) == 2
    reader.unlink()
    assert existing_segments([prefix]) == []


def test_transport_removes_what_was_noted_but_never_unpacked(slots):
    writer, reader, prefix = slots
    for size in (LARGE, 10 * LARGE, 50 * LARGE):
        reader.note(0, writer.pack(0, unison.ones(size)))
        assert len(existing_segments([prefix])) == 1
    reader.unlink()
    assert existing_segments([prefix]) == []


def test_transport_orphaned_writer_removes_its_segments_and_makes_no_more(slots):
    writer, _, prefix = slots
    writer.pack(0, unison.ones(LARGE))
    assert existing_segments([prefix])
    writer.unlink()
    late = threading.Thread(target=writer.pack, args=(1, unison.ones(LARGE)), daemon=True)
    late.start()
    late.join(0.2)
    assert late.is_alive()
    assert existing_segments([prefix]) == []
