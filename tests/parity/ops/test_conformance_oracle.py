"""The oracles of networks' operators against PyTorch in float64, within the limits that a device gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unison_conformance.cases.listing import samples_of
from unison_conformance.cases.values import draw
from unison_conformance.oracle import expected
from unison_conformance.tolerance import compare, family_of, limit_of
from unison_core import dtypes
from unison_core.operator import registry
from unison_core.samples import Arg

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
F = torch.nn.functional


def _conv(x: Any, w: Any, b: Any, *, groups: int, **steps: Any) -> Any:
    return getattr(F, f"conv{x.ndim - 2}d")(x, w, b, groups=groups, **steps)


def _avg_pool(x: Any, *, kernel: Any, stride: Any, padding: Any, divisor: Any, **rest: Any) -> Any:
    if x.ndim > 3:
        return getattr(F, f"avg_pool{x.ndim - 2}d")(
            x, kernel, stride, padding, divisor_override=divisor, **rest
        )
    # In one dimension there is no divisor: a plane of one row.
    planes = F.avg_pool2d(
        x[:, :, None], (1, *kernel), (1, *stride), (0, *padding), divisor_override=divisor, **rest
    )
    return planes[:, :, 0]


def _max_pool(x: Any, *, kernel: Any, **rest: Any) -> Any:
    return getattr(F, f"max_pool{x.ndim - 2}d")(x, kernel, **rest, return_indices=True)


def _lstm(x: Any, h0: Any, c0: Any, weight: Any, *, reverse: bool) -> Any:
    size, (steps, batch, width) = weight.shape[1], x.shape
    layer = torch.nn.LSTM(width, size, bias=False).double()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(width))
        layer.weight_hh_l0.copy_(weight)
    y, _ = layer(x.flip(0) if reverse else x, (h0[None], c0[None]))
    assert y.shape == (steps, batch, size)
    return y.flip(0) if reverse else y


CALLS: dict[str, Any] = {
    "avg_pool": _avg_pool,
    "binary_cross_entropy": lambda x, y: F.binary_cross_entropy(x, y.expand_as(x), reduction="none"),
    "conv": _conv,
    "cross_entropy": F.cross_entropy,
    "group_norm": lambda x, w, b, *, groups, eps: F.group_norm(x, groups, w, b, eps),
    "layer_norm": lambda x, w, b, *, dims, eps: F.layer_norm(x, x.shape[x.ndim - dims :], w, b, eps),
    "log_softmax": lambda x, *, dim: F.log_softmax(x, dim),
    "lstm": _lstm,
    "max_pool_with_indices": _max_pool,
    "mse_loss": lambda x, y, *, reduction: F.mse_loss(*torch.broadcast_tensors(x, y), reduction=reduction),
    "rms_norm": lambda x, w, *, dims, eps: F.rms_norm(x, x.shape[x.ndim - dims :], w, eps),
    "softmax": lambda x, *, dim: F.softmax(x, dim),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_oracle_agrees_with_pytorch(name: str) -> None:
    seen = 0
    for sample in samples_of(name):
        hosts = [
            draw(x, dtypes.float64, "ordinary", i) if isinstance(x, Arg) else x
            for i, x in enumerate(sample.inputs)
        ]
        if (
            name == "binary_cross_entropy"
            and np.broadcast_shapes(*[h.shape for h in hosts]) != hosts[0].shape
        ):
            continue
        with torch.no_grad():
            out = CALLS[name](
                *[torch.from_numpy(h) if h is not None else None for h in hosts], **sample.attrs
            )
        outs = out if isinstance(out, tuple) else (out,)
        references = expected(name, tuple(hosts), {**registry[name].defaults, **sample.attrs})
        for got, reference in zip(outs, references, strict=False):
            host = got.numpy()
            found = compare(
                host, reference, dtypes.BY_NAME[host.dtype.name], limit_of(family_of(name), dtypes.float64)
            )
            assert found.ok, f"{sample}: {found}"
            seen += host.size
    assert seen
