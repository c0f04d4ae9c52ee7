"""Tensors print as PyTorch's do, name of the package aside."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
np = pytest.importorskip("numpy")

import unison  # noqa: E402

INF, NAN = float("inf"), float("nan")

VALUES = [
    3.5,
    1e-8,
    [1.0, 2.0],
    [1.0, 2.5],
    [1e-5, 1.0],
    [1e9, 1.0],
    [1e5, 1.0],
    [NAN, INF, -1.0],
    [INF],
    [NAN, 1.0],
    [-INF, 0.5],
    [0.5, -0.0],
    [-0.0],
    [True, False],
    [1, -20],
    [[1.5, NAN], [INF, 2]],
    [0.1, 123.456],
    [1 + 2j, 3.5 - 1j],
    1 + 2j,
    [1e10 + 2j, 1j],
    [complex(NAN, -0.0), complex(-1, INF)],
    [],
    [[], []],
]
SHAPES = [
    (12,),
    (40,),
    (2, 2, 3),
    (1100,),
    (50, 50),
    (3, 7, 1, 2),
    (1001, 2),
    (2, 1001),
    (6, 6, 40),
    (0, 3),
    (2, 0),
]
DTYPES = [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "uint8",
    "bool",
    "complex64",
    "complex128",
]


def text_of(tensor: object) -> str:
    return repr(tensor).replace("unison.", "torch.")


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_print_values(value: object) -> None:
    assert text_of(unison.tensor(value)) == repr(torch.tensor(value))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_print_shapes_and_dtypes(shape: tuple[int, ...], dtype: str) -> None:
    values = np.random.default_rng(0).normal(size=shape) * 3
    theirs = torch.from_numpy(values).to(getattr(torch, dtype))
    ours = unison.from_numpy(values).to(getattr(unison, dtype))
    assert text_of(ours) == repr(theirs)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e4, 1e9])
@pytest.mark.parametrize("seed", range(8))
def test_print_magnitudes(scale: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(3, 5)) * scale
    values[0, seed % 5] = (0.0, NAN, INF, -INF)[seed % 4]
    if seed % 2:
        values = np.round(values)
    assert text_of(unison.from_numpy(values)) == repr(torch.from_numpy(values))


def test_print_place_in_graph() -> None:
    leaf = unison.tensor([1.0], requires_grad=True)
    assert repr(leaf) == "tensor([1.], requires_grad=True)"
    assert repr(leaf * 2) == "tensor([2.], grad_fn=<MulBackward0>)"
    assert (
        repr(unison.nn.Parameter(unison.ones(2)))
        == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    )


def test_print_meta_tensor() -> None:
    expected = repr(torch.empty(3, dtype=torch.int32, device="meta"))
    assert text_of(unison.empty(3, dtype=unison.int32, device="meta")) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"precision": 2},
        {"sci_mode": True},
        {"sci_mode": False},
        {"threshold": 5, "edgeitems": 1},
        {"linewidth": 30},
        {"profile": "short"},
        {"profile": "full"},
    ],
    ids=str,
)
def test_print_options(options: dict[str, object]) -> None:
    values = np.random.default_rng(1).normal(size=(9, 30)) * 100
    try:
        torch.set_printoptions(**options)
        unison.set_printoptions(**options)
        assert text_of(unison.from_numpy(values)) == repr(torch.from_numpy(values))
    finally:
        torch.set_printoptions(profile="default")
        unison.set_printoptions(profile="default")


def test_print_default_dtype_decides_what_is_obvious() -> None:
    try:
        for module in (torch, unison):
            module.set_default_dtype(module.float64)
        assert text_of(unison.ones(2)) == repr(torch.ones(2))
        assert text_of(unison.ones(2, dtype=unison.float32)) == repr(torch.ones(2, dtype=torch.float32))
    finally:
        for module in (torch, unison):
            module.set_default_dtype(module.float32)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_finfo(name: str) -> None:
    ours, theirs = unison.finfo(getattr(unison, name)), torch.finfo(getattr(torch, name))
    for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_iinfo(name: str) -> None:
    ours, theirs = unison.iinfo(getattr(unison, name)), torch.iinfo(getattr(torch, name))
    assert (ours.bits, ours.max, ours.min, ours.dtype) == (theirs.bits, theirs.max, theirs.min, theirs.dtype)
    assert repr(ours) == repr(theirs)
