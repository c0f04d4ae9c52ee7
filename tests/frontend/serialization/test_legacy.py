"""The format from before the zip archive, assembled by hand from its description."""

from __future__ import annotations

import io
import pickle
import struct

import numpy as np
import pytest

import unison

MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
LITTLE = pickle.dumps({"little_endian": True}, 2)
BIG = pickle.dumps({"little_endian": False}, 2)


def storage(key: str, kind: str, count: int) -> bytes:
    parts = b"".join(b"X" + len(part).to_bytes(4, "little") + part.encode() for part in (key, "cpu"))
    return b"(X\x07\x00\x00\x00storage" + f"ctorch\n{kind}\n".encode() + parts + bytes([75, count]) + b"NtQ"


def tensor(reference: bytes, offset: int, size: int) -> bytes:
    layout = bytes([75, offset, 75, size, 0x85, 75, 1, 0x85])
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + reference + layout + b"\x89}tR"


def legacy(
    content: bytes, keys: list[str], data: bytes, machine: bytes = LITTLE, version: int = 1001
) -> io.BytesIO:
    head = MAGIC + pickle.dumps(version, 2) + machine
    return io.BytesIO(head + b"\x80\x02" + content + b"." + pickle.dumps(keys, 2) + data)


INTS = struct.pack("<q4i", 4, 1, 2, 3, 4)
DOUBLES = struct.pack("<q2d", 2, 0.5, 1.5)
BOTH = (
    b"]"
    + tensor(storage("a", "IntStorage", 4), 1, 3)
    + b"a"
    + tensor(storage("b", "DoubleStorage", 2), 0, 2)
    + b"a"
)


def test_old_format_is_read_in_the_order_of_its_keys():
    for keys, data in ((["a", "b"], INTS + DOUBLES), (["b", "a"], DOUBLES + INTS)):
        x, y = unison.load(legacy(BOTH, keys, data))
        assert (x.tolist(), x.dtype) == ([2, 3, 4], unison.int32)
        assert (y.tolist(), y.dtype) == ([0.5, 1.5], unison.float64)


def test_old_format_keeps_aliases():
    reference = storage("a", "IntStorage", 4)
    content = b"]" + tensor(reference, 0, 4) + b"a" + tensor(reference, 1, 3) + b"a"
    x, y = unison.load(legacy(content, ["a"], INTS))
    x[1] = -1
    assert int(y[0]) == -1


def test_old_format_of_the_other_byte_order_is_read():
    # Counts are little-endian whatever the machine was.
    data = struct.pack("<q", 4) + np.arange(1, 5, dtype=">i4").tobytes()
    x = unison.load(legacy(tensor(storage("a", "IntStorage", 4), 0, 4), ["a"], data, BIG))
    assert x.tolist() == [1, 2, 3, 4]


def test_old_format_goes_to_the_device_asked_for():
    x, _ = unison.load(legacy(BOTH, ["a", "b"], INTS + DOUBLES), map_location="meta")
    assert str(x.device) == "meta"


@pytest.mark.parametrize("cut", [1, 20, 40])
def test_old_format_that_is_cut_off_says_which_storage(cut):
    stream = legacy(BOTH, ["a", "b"], (INTS + DOUBLES)[:-cut])
    with pytest.raises(RuntimeError, match=r"\(\d+ bytes\): storage '[ab]' .*the file is cut off"):
        unison.load(stream)


def test_old_format_with_a_forged_count_is_refused():
    with pytest.raises(RuntimeError, match="storage 'a' has 16 of"):
        unison.load(
            legacy(tensor(storage("a", "IntStorage", 4), 0, 4), ["a"], struct.pack("<q4i", 2**60, 1, 2, 3, 4))
        )


def test_old_format_whose_storage_has_another_size_is_refused():
    with pytest.raises(RuntimeError, match="storage 'a' is missing or has another size than 3 elements"):
        unison.load(legacy(tensor(storage("a", "IntStorage", 3), 0, 3), ["a"], INTS))


@pytest.mark.parametrize("keys", [["z"], 5, []])
def test_old_format_whose_keys_do_not_fit_is_refused(keys):
    with pytest.raises((pickle.UnpicklingError, RuntimeError), match=r"list of storages|is missing"):
        unison.load(legacy(BOTH, keys, INTS + DOUBLES))


def test_old_format_of_another_version_is_refused():
    with pytest.raises(RuntimeError, match="known in version 1001 only"):
        unison.load(legacy(BOTH, ["a", "b"], INTS + DOUBLES, version=7))


def test_old_format_runs_no_code(tmp_path):
    payload = f"cos\nmkdir\nX{chr(0)}".encode()[:-1]
    name = str(tmp_path / "ran").encode()
    payload += len(name).to_bytes(4, "little") + name + b"\x85R"
    for place in ("object", "magic"):
        stream = legacy(payload, [], b"")
        if place == "magic":
            stream = io.BytesIO(b"\x80\x02" + payload + b".")
        with pytest.raises(pickle.UnpicklingError):
            unison.load(stream)
    assert not (tmp_path / "ran").exists()


def test_old_format_cannot_be_mapped(tmp_path):
    (tmp_path / "x.pt").write_bytes(legacy(BOTH, ["a", "b"], INTS + DOUBLES).getvalue())
    with pytest.raises(RuntimeError, match="only the zip format can be mapped"):
        unison.load(tmp_path / "x.pt", mmap=True)
