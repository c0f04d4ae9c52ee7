from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import unison
from unison.serialization.safetensors import load, load_file, save, save_file

DTYPES = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_every_dtype_and_shape_comes_back(dtype, shape, tmp_path):
    x = unison.arange(6)[: int(np.prod(shape))].reshape(shape).to(getattr(unison, dtype))
    path = tmp_path / "x.safetensors"
    unison.save({"x": x}, path)
    np.testing.assert_array_equal(safetensors.numpy.load_file(path)["x"], x.numpy())
    for y in (unison.load(path)["x"], load(path.read_bytes())["x"]):
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(np.array(y.numpy()), np.array(x.numpy()))


def test_strided_tensors_are_stored_row_by_row(tmp_path):
    x = unison.arange(6.0).reshape(2, 3)
    save_file({"t": x.t()}, tmp_path / "x.safetensors")
    assert load_file(tmp_path / "x.safetensors")["t"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_parameters_are_stored_as_tensors_and_results_can_be_written(tmp_path):
    save_file({"p": unison.nn.Parameter(unison.ones(2))}, tmp_path / "x.safetensors")
    p = load_file(tmp_path / "x.safetensors")["p"]
    p += 1
    assert not p.requires_grad
    assert p.tolist() == [2, 2]


def test_metadata_is_written(tmp_path):
    path = tmp_path / "x.safetensors"
    unison.save({"x": unison.ones(1)}, path, metadata={"format": "pt"})
    with safetensors.safe_open(path, framework="np") as file:
        assert file.metadata() == {"format": "pt"}


def test_format_says_what_the_name_does_not(tmp_path):
    path, stream = tmp_path / "x.bin", io.BytesIO()
    for f in (path, stream):
        unison.save({"x": unison.arange(2)}, f, format="safetensors")
    assert path.read_bytes() == stream.getvalue() == save({"x": unison.arange(2)})
    stream.seek(0)
    assert unison.load(stream, format="safetensors")["x"].tolist() == [0, 1]


def test_map_location_is_a_device(tmp_path):
    path = tmp_path / "x.safetensors"
    unison.save({"x": unison.ones(2)}, path)
    assert str(unison.load(path, "meta")["x"].device) == "meta"
    for other in ({"cpu": "meta"}, lambda storage, tag: storage):
        with pytest.raises(TypeError, match="map_location is a device or None"):
            unison.load(path, other)


@pytest.mark.parametrize(
    ("obj", "error", "text"),
    [
        ([1], TypeError, "a dict of tensors by name, not a list: save it to a path that ends otherwise"),
        ({"epoch": 3}, TypeError, "this one has 'epoch': int"),
        ({1: unison.ones(1)}, TypeError, "this one has 1: Tensor"),
        ({"z": unison.ones(1, dtype=unison.complex128)}, ValueError, "no complex128, which 'z' is"),
    ],
    ids=["list", "number", "key", "complex128"],
)
def test_what_the_format_lacks_is_refused(obj, error, text, tmp_path):
    with pytest.raises(error, match=text):
        unison.save(obj, tmp_path / "x.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_tensors_that_share_memory_are_refused(tmp_path):
    x = unison.zeros(4)
    with pytest.raises(RuntimeError, match=r"'(head|tail)' and '(head|tail)' share memory.*\.clone\(\)"):
        save_file({"head": x[:3], "tail": x[2:]}, tmp_path / "x.safetensors")
    save_file({"head": x[:2], "tail": x[2:]}, tmp_path / "x.safetensors")


def test_metadata_other_than_text_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"text by name, not \{'epoch': 3\}"):
        save_file({}, tmp_path / "x.safetensors", {"epoch": 3})


def test_truncated_file_says_size(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"x": unison.ones(100)}, path)
    content = path.read_bytes()[:-1]
    path.write_bytes(content)
    with pytest.raises(
        RuntimeError, match=rf"x\.safetensors' \({len(content)} bytes\) is not a whole safetensors file"
    ):
        unison.load(path)
    with pytest.raises(
        RuntimeError, match=rf"the data \({len(content)} bytes\) is not a whole safetensors file"
    ):
        load(content)


def test_type_that_is_not_known_is_named(tmp_path):
    header = b'{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}'
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0")
    with pytest.raises(RuntimeError, match="tensor 'x' of the safetensors file has type F8_E4M3"):
        load_file(path)


def test_error_while_saving_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"x": unison.ones(1)}, path)
    with pytest.raises(TypeError):
        save_file({"x": 1}, path)
    assert load_file(path)["x"].tolist() == [1]


def test_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        unison.load(tmp_path / "x.safetensors")
