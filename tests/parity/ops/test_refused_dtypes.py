"""Dtypes that PyTorch refuses are refused, with an error of the same kind."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402

COMPLEX = (
    *("z < z", "z < 1", "z >= z", "f < 1j", "f < z", "z.max()", "z.max(0)", "z.min()", "z.amax()"),
    *("z.argmax()", "z.aminmax()", "z.sort()", "z.argsort()", "z.msort()", "z.topk(1)", "z.clamp(0, 1)"),
    *("z.clamp_min(0)", "f.clamp(z)", "z.cummax(0)", "z.cummin(0)", "z.median()", "z.nanmedian()"),
    *("z.mode()", "z.kthvalue(1)", "z.maximum(z)", "z.fmax(z)", "z.relu()", "z.relu_()", "z.sign()"),
    *("z.floor()", "z.ceil()", "z.round()", "z.trunc()", "z.floor_()", "z.lgamma()", "z.digamma()"),
    *("z.erf()", "z.erfc()", "z.erfinv()", "z.polygamma(1)", "z.logit()", "z.xlogy(z)", "z.deg2rad()"),
    *("z.rad2deg()", "z % z", "z // z", "z.fmod(z)", "z.atan2(z)", "z.hypot(z)", "z.nanmean()"),
    *("z.unique()", "z.unique_consecutive()", "torch.isin(z, z)", "torch.searchsorted(z, z)"),
    *("torch.bucketize(z, z)", "torch.quantile(z, 0.5)", "torch.histc(z)", "torch.poisson(z)"),
    *("torch.cdist(z[None], z[None])", "torch.special.ndtr(z)", "torch.special.entr(z)", "torch.i0(z)"),
    *("F.threshold(z, 0, 0)", "F.hardtanh(z)", "F.relu6(z)", "F.softplus(z)", "F.dropout(z)"),
    *("F.softmax(z, 0)", "F.max_pool1d(z[None], 1)", "F.avg_pool1d(z[None], 1)"),
)
BOOL = (
    *("b.topk(1)", "b.argmax()", "b.argmin()", "b.floor()", "b.ceil()", "b.trunc()", "b.round()", "b % b"),
    *("b // b", "b.pow(b)", "b.relu()", "b << b", "b - b", "-b", "b @ b", "b.dot(b)"),
    *(
        "b[None].trace()",
        "F.linear(b, b[None])",
        "F.conv1d(b[None], b[None, None])",
        "F.max_pool1d(b[None], 1)",
    ),
)
INTEGER = (
    *(
        "i.hypot(i)",
        "i.lerp(i, 0.5)",
        "i.lerp(i, i)",
        "i.nextafter(i)",
        "i.logaddexp(i)",
        "i.logcumsumexp(0)",
    ),
    *("i.frac()", "torch.polar(i, i)", "torch.complex(i, i)", "i.mean()", "i.var()", "F.dropout(i)"),
    *("F.softmax(i, 0)", "F.gelu(i)", "F.interpolate(i.view(1, 1, 2), 4)", "torch.linalg.inv(i.view(1, 2))"),
)
MIXED = (
    *("F.batch_norm(f[None], d, d)", "F.batch_norm(f[None], h, h)", "F.batch_norm(d[None], f, f)"),
    *("F.batch_norm(f[None], f, f, d, d)", "F.batch_norm(h[None], f, f, h, h)", "F.linear(f, d[None])"),
    *(
        "F.layer_norm(f, (2,), d)",
        "f.lerp(d, 0.5)",
        "f @ d",
        "torch.complex(f, d)",
        "f.scatter_add(0, i - 1, d)",
    ),
)


def values(library):
    tensor, kinds = library.tensor, library
    return {
        "torch": library,
        "F": library.nn.functional,
        "z": tensor([1 + 1j, 2]),
        "b": tensor([True, False]),
        "i": tensor([1, 2]),
        "f": tensor([1.0, 2.0]),
        "d": tensor([1.0, 2.0], dtype=kinds.float64),
        "h": tensor([1.0, 2.0], dtype=kinds.float16),
    }


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("call", [*COMPLEX, *BOOL, *INTEGER, *MIXED])
def test_dtype_that_torch_refuses_is_refused(call):
    with pytest.raises(Exception) as theirs:
        eval(call, values(torch))
    with pytest.raises(theirs.type) as ours:
        eval(call, values(unison))
    assert str(ours.value)


@pytest.mark.parametrize("name", ["complex64", "complex128"])
def test_refusal_names_operator_dtype_and_what_is_taken(name):
    x = unison.zeros(3, dtype=getattr(unison, name))
    with pytest.raises(
        NotImplementedError, match=rf"sort is not defined for {name}: it takes bool, .*float64"
    ):
        x.sort()


def test_refused_write_leaves_the_tensor_alone():
    x = unison.tensor([2j, 1])
    with pytest.raises(NotImplementedError):
        x.clamp_(0, 1)
    assert x.tolist() == [2j, 1]
    assert x._version == 0
