"""`out=` of another dtype: what PyTorch refuses is refused, what it converts is converted, over its own samples."""

import importlib

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.harness import database, lists  # noqa: E402
from tests.parity.harness.candidate import Candidate, Memo, reference  # noqa: E402
from tests.parity.harness.rebind import counterpart  # noqa: E402

OTHERS = [torch.bool, torch.int64, torch.float64]
# Their samples draw numbers or eigenvectors, or PyTorch writes below the dtype of the result (cumsum into integers),
# or refuses only because a sum or difference of other types does not exist inside (nansum, diff, ormqr), or converts
# what this result cannot be (numbers of a range to bool, factors of a matrix to bool); lstsq has no out here. Where
# ours differs it refuses, or answers exactly.
OTHERWISE = {
    *("bernoulli", "cumprod", "cumsum", "linalg.eig", "multinomial", "nanmean", "nansum", "normal"),
    *("normal.number_mean", "float_power", "diff", "linspace", "linspace.tensor_overload", "logspace"),
    *("logspace.tensor_overload", "lu", "ormqr", "linalg.lstsq"),
}
NAMES = [
    op.full_name
    for op in database.entries()
    if op.supports_out and op.full_name in set(lists.read("carried")) - OTHERWISE
]


def filled_with(value, function):
    if isinstance(value, torch.Tensor):
        return function(value)
    return tuple(filled_with(v, function) for v in value) if isinstance(value, (tuple, list)) else value


def parts(value):
    return list(value) if isinstance(value, (tuple, list)) else [value]


def first_sample(op):
    kinds = database.forward_dtypes(op)
    for dtype in (torch.float32, torch.int64, torch.complex64):
        if dtype in kinds:
            for sample in database.sample_inputs(op, dtype):
                if not {"dtype", "out"} & set(sample.kwargs):
                    return sample
    return None


def outcome(side, function, sample, out):
    """None if the call goes through, else its exception; out is written."""
    try:
        given, args, kwargs = side.give((sample.input, tuple(sample.args), sample.kwargs), Memo())
        function(given, *args, **kwargs, out=out)
    except Exception as error:  # noqa: BLE001 - whether there is one is what is compared
        return error
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_out_of_another_dtype_is_taken_or_refused_as_torch_does(name):
    (op,) = [op for op in database.entries() if op.full_name == name]
    theirs, ours = reference(), Candidate(importlib.import_module("unison"))
    sample = first_sample(op)
    if sample is None:
        return
    functions = [counterpart(op.op, side, op.name) for side in (theirs, ours)]
    expected = functions[0](sample.input, *sample.args, **sample.kwargs)
    for dtype in OTHERS:
        one, other = (filled_with(expected, lambda t, d=dtype: torch.zeros_like(t, dtype=d)) for _ in "ab")
        translated = ours.give(other, Memo())
        first = outcome(theirs, functions[0], sample, one)
        second = outcome(ours, functions[1], sample, translated)
        assert (first is None) == (second is None), f"out of {dtype}: PyTorch {first!r}, Unison {second!r}"
        if first is None:
            for a, b in zip(parts(one), parts(translated), strict=True):
                assert ours.take(b).dtype is a.dtype
                torch.testing.assert_close(ours.take(b), a, rtol=2e-3, atol=1e-4, equal_nan=True)
