"""Files cross over: PyTorch reads what we save, we read what PyTorch saves."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import Counter, OrderedDict

import ml_dtypes
import numpy as np
import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
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


def array_of(x):
    """Values of a tensor of either library; bfloat16 has no NumPy type in PyTorch."""
    x = x.detach().resolve_conj().resolve_neg() if isinstance(x, torch.Tensor) else x.detach()
    if str(x.dtype) == "torch.bfloat16":
        return x.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return np.array(x.numpy())


def saved_by(library, obj, **options):
    buffer = io.BytesIO()
    library.save(obj, buffer, **options)
    buffer.seek(0)
    return buffer


def values(shape, dtype):
    return (np.arange(24).reshape(2, 3, 4)[: shape[0]] - 3).astype(
        ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    )


def theirs(array):
    return torch.from_numpy(array.astype(np.complex128)).to(getattr(torch, str(array.dtype)))


VIEWS = {
    "whole": lambda x: x,
    "permuted": lambda x: x.permute(2, 0, 1),
    "offset": lambda x: x[1:],
    "strided": lambda x: x[:, ::2, 1:],
    "scalar": lambda x: x[0, 1, 2],
    "empty": lambda x: x[:, 3:],
    "expanded": lambda x: x[1, 1:2].expand(5, 4),
}


@pytest.mark.filterwarnings("ignore:Casting complex values to real")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tensor_crosses_over_both_ways(dtype, view):
    array = values((2,), dtype)
    ours, original = VIEWS[view](unison.from_numpy(array)), VIEWS[view](theirs(array))
    for weights_only in (True, False):
        written = torch.load(saved_by(unison, ours), weights_only=weights_only)
        read = unison.load(saved_by(torch, original), weights_only=weights_only)
        for tensor in (written, read):
            assert str(tensor.dtype).rpartition(".")[2] == dtype
            assert tuple(tensor.shape) == tuple(original.shape)
            assert tuple(tensor.stride()) == original.stride()
            if original.numel():
                assert tensor.storage_offset() == original.storage_offset()
            np.testing.assert_array_equal(array_of(tensor), array_of(original))


def objects(library):
    p = library.nn.Parameter(library.arange(3.0))
    x = library.arange(4.0)
    state = OrderedDict(weight=p, bias=library.ones(2, requires_grad=True))
    state._metadata = OrderedDict(version=1)
    return {
        "state": state,
        "same": p,
        "buffer": library.nn.Buffer(library.ones(2), persistent=False),
        "view": x[1:3],
        "base": x,
        "scalars": [None, True, -1, 2**40, -(2**80), 1.5, 1 + 2j, "grüße", b"\x00\xff", bytearray(b"x")],
        "tuple": (1, (2, 3), ()),
        "set": {1, 2},
        "counter": Counter([5, 5]),
        "dtypes": [library.float32, library.bfloat16, library.bool],
        "size": library.Size([2, 3]),
        "device": library.device("cpu"),
        "meta": library.empty(2, 3, device="meta"),
        7: {"nested": [{}, []]},
    }


@pytest.mark.parametrize(("writer", "reader"), [(unison, torch), (torch, unison)], ids=["ours", "theirs"])
@pytest.mark.parametrize("weights_only", [True, False])
def test_checkpoint_crosses_over(writer, reader, weights_only):
    loaded, expected = (
        reader.load(saved_by(writer, objects(writer)), weights_only=weights_only),
        objects(reader),
    )
    assert list(loaded) == list(expected)
    for key in ("scalars", "tuple", "set", "counter", "dtypes", "size", "device", 7):
        assert loaded[key] == expected[key]
        assert type(loaded[key]) is type(expected[key])
    assert loaded["state"]._metadata == {"version": 1}
    assert loaded["same"] is loaded["state"]["weight"]
    assert type(loaded["same"]) is reader.nn.Parameter
    assert loaded["state"]["bias"].requires_grad
    assert isinstance(loaded["buffer"], reader.nn.Buffer)
    assert not loaded["buffer"].persistent
    loaded["base"][2] = -1
    assert loaded["view"].tolist() == [1, -1]
    assert (str(loaded["meta"].device), tuple(loaded["meta"].shape)) == ("meta", (2, 3))


def test_training_goes_on_in_the_other_library():
    states = []
    for library, other in ((torch, unison), (unison, torch)):
        models = [
            lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.ReLU(), lib.nn.Linear(4, 1))
            for lib in (library, other)
        ]
        optimizers = [
            lib.optim.Adam(m.parameters(), lr=0.1) for lib, m in zip((library, other), models, strict=True)
        ]
        for p in models[0].parameters():
            p.data = library.linspace(-1, 1, p.numel()).reshape(p.shape)

        def step(lib, model, optimizer):
            optimizer.zero_grad()
            (model(lib.linspace(-1, 1, 6).reshape(2, 3)) ** 2).sum().backward()
            optimizer.step()

        step(library, models[0], optimizers[0])
        buffer = saved_by(library, {"model": models[0].state_dict(), "optimizer": optimizers[0].state_dict()})
        checkpoint = other.load(buffer)
        models[1].load_state_dict(checkpoint["model"])
        optimizers[1].load_state_dict(checkpoint["optimizer"])
        step(other, models[1], optimizers[1])
        states.append([array_of(p) for p in models[1].parameters()])
    for ours, theirs_ in zip(*states, strict=True):
        np.testing.assert_allclose(ours, theirs_, rtol=1e-5, atol=1e-6)


def test_theirs_reads_the_headers_of_a_large_archive_of_ours(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    x, y = torch.load(saved_by(unison, [unison.arange(100), unison.arange(3)]))
    assert x.sum() == 4950
    assert y.tolist() == [0, 1, 2]


def test_theirs_can_map_a_file_of_ours(tmp_path):
    unison.save({"x": unison.arange(1000)}, tmp_path / "x.pt")
    x = torch.load(tmp_path / "x.pt", mmap=True)["x"]
    assert x.sum() == 499_500


def test_ours_can_map_a_file_of_theirs(tmp_path):
    torch.save({"x": torch.arange(1000)}, tmp_path / "x.pt")
    x = unison.load(tmp_path / "x.pt", mmap=True)["x"]
    assert int(x.sum()) == 499_500


def test_lazy_conjugate_and_negation_become_values():
    z = torch.tensor([1 + 2j, 3 - 4j])
    conjugate = unison.load(saved_by(torch, z.conj()))
    imaginary = unison.load(saved_by(torch, z.conj().imag))
    assert conjugate.tolist() == [1 - 2j, 3 + 4j]
    assert imaginary.tolist() == [-2, 4]


def test_file_without_checksums_is_read():
    torch.serialization.set_crc32_options(False)
    try:
        buffer = saved_by(torch, torch.arange(3))
    finally:
        torch.serialization.set_crc32_options(True)
    assert unison.load(buffer).tolist() == [0, 1, 2]


def test_type_without_a_counterpart_is_named():
    with pytest.raises(
        pickle.UnpicklingError, match=r"PyTorch's 'torch\.uint16', which has no counterpart here"
    ):
        unison.load(saved_by(torch, torch.ones(2, dtype=torch.uint16)))


@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_old_format_of_theirs_is_read(dtype, weights_only):
    x = theirs(values((2,), dtype))
    p = torch.nn.Parameter(torch.ones(2))
    buffer = saved_by(torch, [x, x.permute(2, 0, 1)[1:], p, p], _use_new_zipfile_serialization=False)
    whole, view, first, second = unison.load(buffer, weights_only=weights_only)
    np.testing.assert_array_equal(array_of(whole), array_of(x))
    np.testing.assert_array_equal(array_of(view), array_of(x.permute(2, 0, 1)[1:]))
    assert first is second
    assert type(first) is unison.nn.Parameter


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        lambda path: path.write_bytes(b"PK\x03\x04" + bytes(50)),
        lambda path: path.unlink(),
    ],
    ids=["empty", "truncated", "zip-header", "missing"],
)
def test_bad_file_raises_the_same_class(make, tmp_path):
    path = tmp_path / "x.pt"
    unison.save({"x": unison.ones(1000)}, path)
    make(path)
    raised = []
    for library in (torch, unison):
        with pytest.raises(Exception) as caught:
            library.load(path)
        raised.append(caught.type)
    assert raised[0] is raised[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda library, folder: library.save({}, 5),
        lambda library, folder: library.load(5),
        lambda library, folder: library.load(saved_by(torch, 1), mmap=True),
        lambda library, folder: library.save({}, folder / "nowhere" / "x.pt"),
        lambda library, folder: library.load(saved_by(torch, torch.ones(1)), map_location="nope"),
        lambda library, folder: library.load(saved_by(torch, folder)),
    ],
    ids=["save-into-int", "load-from-int", "mmap-of-a-stream", "missing-folder", "no-device", "a-class"],
)
def test_bad_call_raises_the_same_class(call, tmp_path):
    raised = []
    for library in (torch, unison):
        with pytest.raises(Exception) as caught:
            call(library, tmp_path)
        raised.append(caught.type)
    assert raised[0] is raised[1]
