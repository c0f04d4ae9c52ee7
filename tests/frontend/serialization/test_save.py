from __future__ import annotations

import io
import pickle
import pickletools
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import unison

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
    "complex128",
)


def roundtrip(obj, **options):
    buffer = io.BytesIO()
    unison.save(obj, buffer)
    buffer.seek(0)
    return unison.load(buffer, **options)


def numpy_of(tensor):
    return np.array(tensor.detach().numpy())


def records_of(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename.partition("/")[2]: archive.read(info) for info in archive.infolist()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_every_dtype_and_shape_comes_back(dtype, shape):
    x = (unison.arange(6)[: int(np.prod(shape))].reshape(shape) - 2).to(getattr(unison, dtype))
    y = roundtrip(x)
    assert y.dtype == x.dtype
    assert tuple(y.shape) == shape
    np.testing.assert_array_equal(numpy_of(y), numpy_of(x))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.t(),
        lambda x: x[1:, ::2],
        lambda x: x[2, 3],
        lambda x: x[:, 1:1],
        lambda x: x[1].expand(3, 4),
        lambda x: x.transpose(0, 1)[1:3],
    ],
    ids=["transposed", "strided", "scalar", "empty", "expanded", "transposed-slice"],
)
def test_view_keeps_strides_and_offset(view):
    x = view(unison.arange(12.0).reshape(3, 4))
    y = roundtrip(x)
    assert tuple(y.stride()) == tuple(x.stride())
    if x.numel():
        assert y.storage_offset() == x.storage_offset()
    np.testing.assert_array_equal(numpy_of(y), numpy_of(x))


def test_views_of_one_tensor_are_stored_once_and_alias_again(saved):
    x = unison.arange(1000.0)
    path = saved({"late": x[10:20], "whole": x, "even": x[::2]})
    assert [name for name in records_of(path) if name.startswith("data/")] == ["data/0"]
    loaded = unison.load(path)
    loaded["whole"][10] = -1
    assert float(loaded["late"][0]) == -1
    assert float(loaded["even"][5]) == -1


def test_arrays_that_overlap_alias_again_whoever_made_them():
    memory = np.arange(10, dtype=np.float32)
    a, b = roundtrip([unison.from_numpy(memory[0:6]), unison.from_numpy(memory[4:10])])
    b[0] = -1
    assert float(a[4]) == -1


def test_slice_of_an_array_is_stored_without_the_array(saved):
    memory = np.zeros(100_000, np.float32)
    path = saved(unison.from_numpy(memory[5:8]))
    assert len(records_of(path)["data/0"]) == 12


def test_detached_parameter_aliases_the_parameter_again():
    p = unison.nn.Parameter(unison.zeros(3))
    loaded = roundtrip({"parameter": p, "detached": p.detach()})
    loaded["detached"][0] = 7
    assert loaded["parameter"].tolist() == [7, 0, 0]


def test_parameter_stays_a_parameter_and_is_one_object_again():
    p = unison.nn.Parameter(unison.ones(2))
    q = unison.nn.Parameter(unison.ones(2), requires_grad=False)
    first, second, other = roundtrip([p, p, q])
    assert type(first) is unison.nn.Parameter
    assert first is second
    assert first.requires_grad
    assert not other.requires_grad


def test_requires_grad_is_kept_and_the_result_is_a_leaf():
    w = unison.ones(2, requires_grad=True)
    leaf, computed = roundtrip([w, w * 3])
    assert leaf.requires_grad
    assert computed.requires_grad
    assert computed.is_leaf


def test_containers_and_scalars_come_back_equal():
    obj = {
        "ordered": OrderedDict([("b", 1), ("a", 2)]),
        1: [1, (2, 3.5, -(2**70)), {"set"}, frozenset({4})],
        "text": "grüße",
        "bytes": b"\x00\xff",
        "bytearray": bytearray(b"ab"),
        "complex": 1 - 2j,
        "none": None,
        "flags": (True, False),
        (1, "tuple"): float("inf"),
    }
    loaded = roundtrip(obj)
    assert loaded == obj
    assert type(loaded["ordered"]) is OrderedDict
    assert type(loaded["bytearray"]) is bytearray


def test_dtype_size_and_device_come_back():
    obj = [unison.float32, unison.bfloat16, unison.Size([2, 3]), unison.device("cpu")]
    loaded = roundtrip(obj)
    assert loaded == obj
    assert type(loaded[2]) is unison.Size


def test_lists_that_contain_themselves_come_back():
    obj: list[object] = [1]
    obj.append(obj)
    loaded = roundtrip(obj)
    assert loaded[1] is loaded


def test_state_dict_keeps_its_metadata():
    state = OrderedDict(weight=unison.ones(2))
    state._metadata = OrderedDict(version=2)
    assert roundtrip(state)._metadata == {"version": 2}


def test_meta_tensor_has_layout_and_no_data(saved):
    x = unison.empty(3, 2, device="meta").t()
    path = saved(x)
    assert not [name for name in records_of(path) if name.startswith("data/")]
    y = unison.load(path)
    assert str(y.device) == "meta"
    assert (tuple(y.shape), tuple(y.stride())) == ((2, 3), (1, 2))


def test_meta_parameter_and_attributes_come_back():
    p = unison.nn.Parameter(unison.empty(2, device="meta"))
    p.note = {"of": "something"}
    x = unison.ones(1)
    x.note = unison.ones(2)
    q, y = roundtrip([p, x])
    assert type(q) is unison.nn.Parameter
    assert (str(q.device), q.note) == ("meta", {"of": "something"})
    assert y.note.tolist() == [1, 1]


def test_buffer_stays_a_buffer():
    whole, view = roundtrip(
        [unison.nn.Buffer(unison.zeros(3), persistent=False), unison.nn.Buffer(unison.ones(1))]
    )
    assert (type(whole), whole.persistent) == (unison.nn.Buffer, False)
    assert (type(view), view.persistent) == (unison.nn.Buffer, True)


def test_module_comes_back_from_a_full_load(saved):
    module = unison.nn.Sequential(unison.nn.Linear(2, 3), unison.nn.BatchNorm1d(3))
    module.extra = unison.nn.Buffer(unison.ones(2))
    path = saved(module)
    loaded = unison.load(path, weights_only=False)
    x = unison.randn(4, 2)
    assert loaded(x).tolist() == module(x).tolist()
    assert list(loaded.state_dict()) == list(module.state_dict())
    with pytest.raises(pickle.UnpicklingError, match=r"unison\.nn\..*Sequential"):
        unison.load(path)


def test_lazy_parameter_comes_back_from_a_full_load(saved):
    loaded = unison.load(saved(unison.nn.LazyLinear(3)), weights_only=False)
    assert type(loaded.weight) is unison.nn.UninitializedParameter


def test_archive_has_the_records_of_the_format(saved):
    records = records_of(saved({"x": unison.arange(3, dtype=unison.int32)}))
    assert next(iter(records)) == "data.pkl"
    assert records["byteorder"].decode() == sys.byteorder
    assert records["version"] == b"3\n"
    assert records["data/0"] == np.arange(3, dtype=np.int32).tobytes()
    assert len(records[".data/serialization_id"]) == 40


def test_pickle_names_nothing_of_ours(saved):
    path = saved({"x": unison.nn.Parameter(unison.ones(2)), "d": unison.int8, "s": unison.Size([1])})
    names = [arg for op, arg, _ in pickletools.genops(records_of(path)["data.pkl"]) if op.name == "GLOBAL"]
    assert set(names) == {
        "torch FloatStorage",
        "torch Size",
        "torch._utils _rebuild_parameter",
        "torch._utils _rebuild_tensor_v2",
        "torch int8",
        "collections OrderedDict",
    }


@pytest.mark.parametrize("limit", [zipfile.ZIP64_LIMIT, 100])
def test_storages_begin_at_multiples_of_64(limit, saved, monkeypatch):
    # Beyond the limit the archive has headers for sizes of 64 bits.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    path = saved([unison.ones(n) for n in (1, 17, 3)])
    assert [x.numel() for x in unison.load(path)] == [1, 17, 3]
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name_and_extra = content[info.header_offset + 26 : info.header_offset + 30]
            lengths = int.from_bytes(name_and_extra[:2], "little") + int.from_bytes(
                name_and_extra[2:], "little"
            )
            assert (info.header_offset + 30 + lengths) % 64 == 0


def test_equal_objects_give_equal_files(tmp_path):
    for name in ("a", "b"):
        unison.save({"x": unison.arange(4.0)}, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_save_into_a_stream_that_can_only_write(tmp_path):
    class Pipe:
        data = b""

        def write(self, part):
            self.data += bytes(part)

    pipe = Pipe()
    unison.save({"x": unison.arange(3)}, pipe)
    assert unison.load(io.BytesIO(pipe.data))["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_can_be_read_back(protocol, tmp_path):
    obj = {"x": unison.arange(3), "s": {1, 2}, "b": b"\xff", "t": (1, 2, 3, 4), "d": unison.float16}
    unison.save(obj, tmp_path / "p.pt", pickle_protocol=protocol)
    loaded = unison.load(tmp_path / "p.pt")
    assert loaded.pop("x").tolist() == [0, 1, 2]
    assert loaded == {key: obj[key] for key in "sbtd"}


def test_tensors_of_two_types_on_one_memory_are_refused(tmp_path):
    memory = np.zeros(8, np.float32)
    with pytest.raises(RuntimeError, match=r"float32 and int32 that share memory.*\.clone\(\)"):
        unison.save([unison.from_numpy(memory), unison.from_numpy(memory.view(np.int32))], tmp_path / "x.pt")
    assert list(tmp_path.iterdir()) == []


def test_save_refuses_what_is_no_file():
    with pytest.raises(AttributeError, match="a path or an object with a 'write' method, got int"):
        unison.save({}, 5)


def test_save_into_a_missing_folder_says_so(tmp_path):
    with pytest.raises(RuntimeError, match=r"Parent directory .*nowhere does not exist"):
        unison.save({}, tmp_path / "nowhere" / "x.pt")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"pickle_protocol": 1}, "pickle_protocol is 2 to"),
        ({"pickle_module": io}, "pickle_module"),
        ({"_use_new_zipfile_serialization": False}, "the old format is only read"),
        ({"metadata": {"a": "b"}}, "metadata belongs to the safetensors format"),
        ({"format": "onnx"}, "format is 'torch' or 'safetensors', not 'onnx'"),
    ],
)
def test_save_refuses_options_it_does_not_know(options, text, tmp_path):
    with pytest.raises(ValueError, match=text):
        unison.save({}, tmp_path / "x.pt", **options)


def test_object_that_cannot_be_pickled_leaves_no_file(tmp_path):
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        unison.save({"f": lambda: 0}, tmp_path / "x.pt")
    assert list(tmp_path.iterdir()) == []


class Holder:
    """Pickled by reference to its class; makes a new tensor each time it is asked for its state."""

    def __getstate__(self):
        return {"fresh": unison.arange(3)}


def test_object_that_makes_tensors_while_pickled_is_saved(saved: object):
    path = saved(Holder())
    assert unison.load(path, weights_only=False).fresh.tolist() == [0, 1, 2]


def test_path_may_be_text_or_path(tmp_path: Path):
    for name in (str(tmp_path / "text.pt"), tmp_path / "path.pt"):
        unison.save([1], name)
        assert unison.load(name) == [1]
