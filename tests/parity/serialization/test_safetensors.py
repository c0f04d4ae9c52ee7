from __future__ import annotations

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
import safetensors.torch  # noqa: E402

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
def test_file_crosses_over_both_ways(dtype, tmp_path):
    path = tmp_path / "x.safetensors"
    expected = torch.arange(6).reshape(2, 3).to(getattr(torch, dtype))
    unison.save({"x": unison.arange(6).reshape(2, 3).to(getattr(unison, dtype))}, path)
    assert torch.equal(safetensors.torch.load_file(path)["x"], expected)
    safetensors.torch.save_file({"x": expected}, path)
    x = unison.load(path)["x"]
    assert str(x.dtype).rpartition(".")[2] == dtype
    assert x.to(unison.float64 if dtype != "complex64" else unison.complex64).tolist() == expected.tolist()


def test_shared_memory_raises_the_same_class(tmp_path):
    for library, save in ((torch, safetensors.torch.save_file), (unison, unison.save)):
        x = library.zeros(3)
        with pytest.raises(RuntimeError, match=r"share"):
            save({"a": x, "b": x}, tmp_path / "x.safetensors")
