from __future__ import annotations

import io
import pickle
import sys
import zipfile

import numpy as np
import pytest

import unison


def rewritten(path, records):
    """The archive with some records replaced, or dropped where None."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            name = info.filename.partition("/")[2]
            data = records.get(name, old.read(info))
            if data is not None:
                new.writestr(info.filename, data)
    buffer.seek(0)
    return buffer


def test_load_reads_storages_of_the_other_byte_order(saved):
    path = saved({"x": unison.arange(3, dtype=unison.int32), "z": unison.tensor([1 + 2j])})
    other = "big" if sys.byteorder == "little" else "little"
    swapped = {
        "byteorder": other.encode(),
        "data/0": np.arange(3, dtype=np.int32).byteswap().tobytes(),
        "data/1": np.array([1 + 2j], np.complex64).byteswap().tobytes(),
    }
    loaded = unison.load(rewritten(path, swapped))
    assert loaded["x"].tolist() == [0, 1, 2]
    assert loaded["z"].tolist() == [1 + 2j]


def test_archive_without_byteorder_is_little_endian(saved):
    path = saved(unison.arange(3, dtype=unison.int32))
    little = {"byteorder": None, "data/0": np.arange(3, dtype="<i4").tobytes()}
    assert unison.load(rewritten(path, little)).tolist() == [0, 1, 2]


def test_unknown_byteorder_is_an_error(saved):
    with pytest.raises(RuntimeError, match="'byteorder' says 'middle', expected 'little' or 'big'"):
        unison.load(rewritten(saved(1), {"byteorder": b"middle"}))


@pytest.mark.parametrize("mmap", [False, True])
def test_loaded_tensor_may_be_written_without_touching_the_file(mmap, saved):
    path = saved(unison.zeros(1000))
    before = path.read_bytes()
    x = unison.load(path, mmap=mmap)
    x += 1
    assert float(x.sum()) == 1000
    assert path.read_bytes() == before


def test_mmap_needs_a_path(saved):
    with saved(1).open("rb") as stream, pytest.raises(ValueError, match="mmap=True needs a path"):
        unison.load(stream, mmap=True)


def test_load_leaves_an_open_stream_open(saved):
    with saved([1]).open("rb") as stream:
        assert unison.load(stream) == [1]
        assert not stream.closed


def test_load_refuses_what_cannot_be_read():
    with pytest.raises(AttributeError, match=r"'int' has no read, seek or tell.*io\.BytesIO"):
        unison.load(5)


def test_load_of_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.pt"):
        unison.load(tmp_path / "nothing.pt")


def test_load_of_an_empty_file_says_so(tmp_path):
    (tmp_path / "x.pt").touch()
    with pytest.raises(EOFError, match=r"x\.pt' is empty"):
        unison.load(tmp_path / "x.pt")


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (b"hello, I am no checkpoint", pickle.UnpicklingError, "it begins with b'hello, I'"),
        (pickle.dumps([1]), pickle.UnpicklingError, "it is not a checkpoint"),
        (b"\x10\0\0\0\0\0\0\0{" + b" " * 15, pickle.UnpicklingError, "pass format='safetensors'"),
        (
            b"model.pth".ljust(257, b"\0") + b"ustar\x0000",
            RuntimeError,
            "a tar archive, PyTorch's first format",
        ),
    ],
    ids=["text", "plain-pickle", "safetensors", "tar"],
)
def test_load_of_another_format_says_which(content, error, text):
    with pytest.raises(error, match=text):
        unison.load(io.BytesIO(content))


def test_zip_that_is_no_checkpoint_says_so():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    buffer.seek(0)
    with pytest.raises(RuntimeError, match=r"without record 'data\.pkl': not a checkpoint"):
        unison.load(buffer)


def test_torchscript_program_is_refused_with_advice(checkpoint):
    with pytest.raises(RuntimeError, match=r"TorchScript program.*state_dict\(\)"):
        unison.load(checkpoint(pickle.dumps(1, 2), {"constants.pkl": b""}))


def test_class_of_ours_is_read_by_a_full_load(saved):
    path = saved({"f": pickle.PickleBuffer})
    with pytest.raises(pickle.UnpicklingError, match="PickleBuffer"):
        unison.load(path)
    assert unison.load(path, weights_only=False) == {"f": pickle.PickleBuffer}


def test_full_load_keeps_aliases_and_parameters(saved):
    x = unison.arange(4.0)
    p = unison.nn.Parameter(unison.ones(2))
    y, z, q = unison.load(saved([x, x[1:], p]), weights_only=False)
    y[1] = -1
    assert float(z[0]) == -1
    assert type(q) is unison.nn.Parameter


def test_python_2_text_is_decoded_by_encoding(checkpoint):
    content = b"\x80\x02U\x02\xc3\xa9."
    assert unison.load(checkpoint(content)) == "é"
    assert unison.load(checkpoint(content), encoding="latin1") == "Ã©"


def test_unknown_format_is_an_error(saved):
    with pytest.raises(ValueError, match="format is 'torch' or 'safetensors', not 'npz'"):
        unison.load(saved(1), format="npz")
