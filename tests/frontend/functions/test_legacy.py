"""Names that programs written for PyTorch ask for."""

import pytest

import unison


def test_compile_is_absent_to_those_who_ask():
    assert not hasattr(unison, "compile")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("FloatTensor", "float32"),
        ("DoubleTensor", "float64"),
        ("LongTensor", "int64"),
        ("ByteTensor", "uint8"),
    ],
)
def test_constructor_by_type_makes_and_recognises_its_dtype(name, dtype):
    kind = getattr(unison, name)
    made = kind([1, 2, 3])
    assert made.tolist() == [1, 2, 3]
    assert made.dtype is getattr(unison, dtype)
    assert isinstance(made, kind)
    assert not isinstance(made, unison.HalfTensor)
    assert kind(2, 3).shape == (2, 3)
    assert unison.typename(made) == f"torch.{name}"


def test_matmul_precision_is_remembered_and_checked():
    unison.set_float32_matmul_precision("high")
    assert unison.get_float32_matmul_precision() == "high"
    unison.set_float32_matmul_precision("highest")
    with pytest.raises(RuntimeError, match="'fast': choose one of highest"):
        unison.set_float32_matmul_precision("fast")


@pytest.mark.parametrize("make", [lambda: unison.zeros(2), lambda: unison.nn.Linear(2, 2)])
def test_moving_to_an_absent_device_says_what_there_is(make):
    if unison.cuda.is_available():
        assert str(make().cuda().device if hasattr(make(), "device") else "cuda:0").startswith("cuda")
        return
    with pytest.raises(RuntimeError, match="cuda"):
        make().cuda()
