"""Checkpoints that were cut off, damaged or forged: an error that says where, never a read out of bounds."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import unison

STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuM\x04\x00tQ"


def tensor_pickle(offset=0, size=(4,), stride=(1,), storage=STORAGE, marks=b""):
    """`_rebuild_tensor_v2` of storage 0, spelled in opcodes."""

    def numbers(values):
        return (
            b"("
            + b"".join(
                b"\x8a\x09" + struct.pack("<q", v) + b"\x00" if v >= 0 else b"J" + struct.pack("<i", v)
                for v in values
            )
            + b"t"
        )

    start = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n("
    return (
        start
        + storage
        + numbers((offset,))[1:-1]
        + numbers(size)
        + numbers(stride)
        + b"\x89}"
        + marks
        + b"tR."
    )


def test_tensor_spelled_by_hand_is_read(checkpoint):
    x = unison.load(checkpoint(tensor_pickle(1, (2,), (2,)), {"data/0": struct.pack("<4f", 1, 2, 3, 4)}))
    assert x.tolist() == [2, 4]


@pytest.mark.parametrize("fraction", [0.0001, 0.3, 0.9, 0.999])
def test_truncated_file_says_size_and_last_record(fraction, saved):
    path = saved({"a": unison.ones(1000), "b": unison.ones(1000, dtype=unison.int64)})
    content = path.read_bytes()
    length = max(4, int(len(content) * fraction))
    path.write_bytes(content[:length])
    with pytest.raises(RuntimeError, match=rf"\({length} bytes\) is cut off or damaged.*(record|data)"):
        unison.load(path)


def test_truncated_file_names_the_storage_it_ends_in(saved):
    path = saved({"a": unison.ones(1000), "b": unison.ones(5000)})
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(RuntimeError, match="last record that begins in it is 'archive/data/1'"):
        unison.load(path)


def test_flipped_bit_is_found_and_its_record_named(saved):
    path = saved({"a": unison.zeros(1000), "b": unison.full((1000,), 3.0)})
    content = path.read_bytes()
    at = content.index(struct.pack("<f", 3.0) * 10) + 20
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(RuntimeError, match="'data/1' does not match its checksum"):
        unison.load(path)


def test_missing_storage_is_named(checkpoint):
    with pytest.raises(RuntimeError, match="'data/0' is missing"):
        unison.load(checkpoint(tensor_pickle()))


@pytest.mark.parametrize("size", [0, 15, 17])
def test_storage_of_another_size_than_stated_is_refused(size, checkpoint):
    with pytest.raises(
        RuntimeError, match=f"'data/0' has {size} bytes, but a FloatStorage of 4 elements has 16"
    ):
        unison.load(checkpoint(tensor_pickle(), {"data/0": bytes(size)}))


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (0, (5,), (1,)),
        (1, (4,), (1,)),
        (4, (1,), (1,)),
        (0, (2, 2), (3, 1)),
        (0, (2,), (2**40,)),
        (2**58, (1,), (1,)),
    ],
)
def test_tensor_beyond_its_storage_is_refused(offset, size, stride, checkpoint):
    with pytest.raises(RuntimeError, match=r"needs \d+ elements, but storage '0' holds 4 \(16 bytes\)"):
        unison.load(checkpoint(tensor_pickle(offset, size, stride), {"data/0": bytes(16)}))


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (-1, (1,), (1,)),
        (3, (2,), (-1,)),
        (0, (-1,), (1,)),
        (0, (2,), (1, 1)),
        (2**62, (1,), (1,)),
        (0, (2**62,), (0,)),
    ],
)
def test_layout_that_is_none_is_refused(offset, size, stride, checkpoint):
    with pytest.raises(RuntimeError, match="is no tensor layout"):
        unison.load(checkpoint(tensor_pickle(offset, size, stride), {"data/0": bytes(16)}))


def test_layout_too_large_for_any_index_is_refused(checkpoint):
    with pytest.raises(RuntimeError, match="cannot hold a tensor of size"):
        unison.load(checkpoint(tensor_pickle(0, (2**40, 2**40), (0, 0)), {"data/0": bytes(16)}))


@pytest.mark.parametrize("mark", [b"conj", b"neg"])
def test_expanded_tensor_whose_values_would_fill_memory_is_refused(mark, checkpoint):
    marks = b"}X" + len(mark).to_bytes(4, "little") + mark + b"\x88s"
    content = tensor_pickle(0, (2**40,), (0,), marks=marks)
    with pytest.raises(pickle.UnpicklingError, match="not larger than its storage"):
        unison.load(checkpoint(content, {"data/0": bytes(16)}))


def test_compressed_record_is_refused(checkpoint):
    bomb = checkpoint(tensor_pickle(), {"data/0": bytes(10**6)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(RuntimeError, match=r"data\.pkl' is compressed or encrypted"):
        unison.load(bomb)


def forged(archive, field, value):
    """The archive with another number at `field` of the directory's entry for data/0."""
    content = bytearray(archive.getvalue())
    at = content.rindex(b"made/data/0") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + field : at + field + len(value)] = value
    return io.BytesIO(bytes(content))


@pytest.mark.parametrize("excess", [1, 2**31])
def test_record_that_reaches_beyond_the_file_is_refused(excess, checkpoint):
    archive = checkpoint(tensor_pickle(), {"data/0": bytes(16)})
    size = len(archive.getvalue()) - archive.getvalue().index(bytes(16)) + excess
    with pytest.raises(
        RuntimeError, match=f"'made/data/0' of {size} bytes at byte .* reaches beyond the end"
    ):
        unison.load(forged(archive, 20, struct.pack("<II", size, size)))


def test_record_that_is_not_where_the_directory_says_is_refused(checkpoint):
    archive = checkpoint(tensor_pickle(), {"data/0": bytes(16)})
    with pytest.raises(RuntimeError, match="'made/data/0' is not where the directory says"):
        unison.load(forged(archive, 42, struct.pack("<I", 7)))


def test_records_that_overlap_are_refused(checkpoint):
    archive = checkpoint(tensor_pickle(), {"data/1": bytes(1000), "data/0": bytes(1000)})
    start = archive.getvalue().index(b"PK\x03\x04", 40)
    size = len(archive.getvalue()) - start - 100
    at_once = forged(forged(archive, 42, struct.pack("<I", start)), 20, struct.pack("<II", size, size))
    with pytest.raises(RuntimeError, match="its records overlap"):
        unison.load(at_once)


def test_storage_described_in_two_ways_is_refused(checkpoint):
    as_int = STORAGE.replace(b"FloatStorage", b"IntStorage")
    with pytest.raises(pickle.UnpicklingError, match="storage '0' in two ways"):
        unison.load(checkpoint(b"\x80\x02" + STORAGE + as_int + b"\x86.", {"data/0": bytes(16)}))


@pytest.mark.parametrize(
    "storage",
    [
        b"(X\x07\x00\x00\x00storageNX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ",
        STORAGE.replace(b"M\x04\x00", b"J\xff\xff\xff\xff"),
        STORAGE.replace(b"storage", b"pickled"),
        b"NQ",
        b"\x8b\x00\x40\x00\x00" + b"\x7f" * 0x4000 + b"Q",
    ],
    ids=["no-type", "negative", "other-word", "none", "huge-number"],
)
def test_reference_that_is_no_storage_is_refused(storage, checkpoint):
    with pytest.raises(pickle.UnpicklingError, match="which is not a storage"):
        unison.load(checkpoint(tensor_pickle(storage=storage), {"data/0": bytes(16)}))


def test_storage_key_cannot_leave_the_data_folder(checkpoint):
    sly = STORAGE.replace(b"X\x01\x00\x00\x000", b"X\x0b\x00\x00\x00../../../ab")
    with pytest.raises(RuntimeError, match=r"'data/\.\./\.\./\.\./ab' is missing"):
        unison.load(checkpoint(tensor_pickle(storage=sly), {"data/0": bytes(16)}))


SAMPLE = io.BytesIO()
unison.save({"x": unison.arange(4.0), "l": [1, (2, "three")], "s": {4}}, SAMPLE)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_random_damage_to_the_pickle_raises_only_what_is_documented(checkpoint, damage):
    with zipfile.ZipFile(SAMPLE) as archive:
        content = bytearray(archive.read("archive/data.pkl"))
        data = archive.read("archive/data/0")
    for at, value in damage:
        content[at % len(content)] = value
    try:
        unison.load(checkpoint(bytes(content), {"data/0": data}))
    except (pickle.UnpicklingError, RuntimeError):
        pass


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_random_damage_to_the_archive_raises_only_what_is_documented(damage):
    content = bytearray(SAMPLE.getvalue())
    for at, value in damage:
        content[at % len(content)] = value
    try:
        unison.load(io.BytesIO(bytes(content)))
    except (pickle.UnpicklingError, RuntimeError):
        pass
