"""Calls that keep a device busy: what is timed is how quickly it works, not how quickly it is asked.

A theme makes its tensors and returns its calls by name. `less` divides the sizes; 1 is for a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["THEMES"]

Calls = dict[str, Callable[[], object]]
ELEMENTS = 1 << 25


def elementwise(torch: Any, device: str, less: int) -> Calls:
    """32 M elements each."""
    n = max(ELEMENTS // less, 1 << 10)
    a, b = torch.randn(n, device=device), torch.randn(n, device=device)
    rows, bias, half = a.view(-1, 256), b[:256], a.half()
    wide = a.view(-1, 256).t()
    return {
        "copy": lambda: a.clone(),
        "a + b": lambda: a + b,
        "a * 2": lambda: a * 2,
        "a + b in float16": lambda: half + half,
        "rows + bias": lambda: rows + bias,
        "a.t() copied": lambda: wide.contiguous(),
        "exp(a)": lambda: torch.exp(a),
        "gelu(a)": lambda: torch.nn.functional.gelu(a),
        "where(a > 0, a, b)": lambda: torch.where(a > 0, a, b),
        "a to bfloat16": lambda: a.to(torch.bfloat16),
        "a.add_(b)": lambda: a.add_(b),
        "randn": lambda: torch.randn(n, device=device),
        "dropout(a)": lambda: torch.nn.functional.dropout(a, 0.1),
    }


def reductions(torch: Any, device: str, less: int) -> Calls:
    """32 M elements each, 4 M sorted."""
    n = max(ELEMENTS // less, 1 << 12)
    a = torch.randn(n, device=device)
    rows, short = a.view(-1, 1024), a[: max(n // 8, 1 << 9)]
    weight = torch.ones(1024, device=device)
    return {
        "sum()": lambda: a.sum(),
        "sum(rows)": lambda: rows.sum(1),
        "sum(columns)": lambda: rows.sum(0),
        "max(rows)": lambda: rows.max(1),
        "argmax()": lambda: a.argmax(),
        "var(rows)": lambda: rows.var(1),
        "cumsum(rows)": lambda: rows.cumsum(1),
        "sort": lambda: short.sort(),
        "topk(rows, 8)": lambda: rows.topk(8),
        "softmax(rows)": lambda: torch.softmax(rows, 1),
        "layer_norm(rows)": lambda: torch.nn.functional.layer_norm(rows, (1024,), weight, weight),
    }


def indexing(torch: Any, device: str, less: int) -> Calls:
    """A table of 32 K rows of 512."""
    rows = max((1 << 15) // less, 64)
    table = torch.randn(rows, 512, device=device)
    index = torch.randint(0, rows, (rows,)).to(device)
    places = index[:, None].expand(rows, 512).contiguous()
    return {
        "embedding": lambda: torch.nn.functional.embedding(index, table),
        "gather": lambda: table.gather(0, places),
        "index_add": lambda: table.index_add(0, index, table),
        "scatter_add": lambda: table.scatter_add(0, places, table),
        "cat": lambda: torch.cat([table, table], 1),
    }


def products(torch: Any, device: str, less: int) -> Calls:
    """4096 x 4096 in three types, 64 of 512 x 512, one row."""
    n = max(4096 // less, 32)
    a = torch.randn(n, n, device=device)
    half, brain = a.half(), a.to(torch.bfloat16)
    batch, row = torch.randn(64 if less == 1 else 2, n // 8, n // 8, device=device), a[:1]
    return {
        "a @ a": lambda: a @ a,
        "a @ a in float16": lambda: half @ half,
        "a @ a in bfloat16": lambda: brain @ brain,
        "row @ a": lambda: row @ a,
        "bmm": lambda: batch @ batch,
    }


def networks(torch: Any, device: str, less: int) -> Calls:
    """Convolution, pooling, normalisation and a loss, with their gradients."""
    F = torch.nn.functional
    side = 56 if less == 1 else 8
    batch, channels = (64, 64) if less == 1 else (2, 4)
    x = torch.randn(batch, channels, side, side, device=device)
    w = torch.randn(channels, channels, 3, 3, device=device)
    leaf, weight = x.clone().requires_grad_(), w.clone().requires_grad_()
    half, brain = (x.half(), w.half()), (x.to(torch.bfloat16), w.to(torch.bfloat16))
    ones, zeros = torch.ones(channels, device=device), torch.zeros(channels, device=device)
    scores = torch.randn(batch * 64, 8192 if less == 1 else 64, device=device)
    wanted = torch.zeros(batch * 64, dtype=torch.int64, device=device)

    def both() -> None:
        torch.autograd.grad(F.conv2d(leaf, weight, padding=1).sum(), [leaf, weight])

    return {
        "conv2d 3x3": lambda: F.conv2d(x, w, padding=1),
        "conv2d 3x3 in float16": lambda: F.conv2d(*half, padding=1),
        "conv2d 3x3 in bfloat16": lambda: F.conv2d(*brain, padding=1),
        "conv2d 3x3, forward and backward": both,
        "max_pool2d": lambda: F.max_pool2d(x, 2),
        "batch_norm": lambda: F.batch_norm(x, zeros, ones, ones, zeros, training=True),
        "cross_entropy": lambda: F.cross_entropy(scores, wanted),
    }


def attention(torch: Any, device: str, less: int) -> Calls:
    """8 sequences of 1024, 12 heads of 64."""
    shape = (8, 12, 1024, 64) if less == 1 else (1, 2, 16, 8)
    q = torch.randn(*shape, device=device)
    half, leaf = q.half(), q.clone().requires_grad_()
    attend = torch.nn.functional.scaled_dot_product_attention

    def both() -> None:
        torch.autograd.grad(attend(leaf, leaf, leaf, is_causal=True).sum(), [leaf])

    return {
        "attention": lambda: attend(q, q, q, is_causal=True),
        "attention in float16": lambda: attend(half, half, half, is_causal=True),
        "attention, forward and backward": both,
    }


def optimizers(torch: Any, device: str, less: int) -> Calls:
    """100 parameters of 256 K elements."""
    parameters = [
        torch.nn.Parameter(torch.ones(max((1 << 18) // less, 16), device=device)) for _ in range(100)
    ]
    for p in parameters:
        p.grad = torch.full_like(p, 1e-3)
    return {
        "Adam, 26 M elements": torch.optim.Adam(parameters, lr=1e-6).step,
        "SGD with momentum, 26 M elements": torch.optim.SGD(parameters, lr=1e-6, momentum=0.9).step,
    }


THEMES = (elementwise, reductions, indexing, products, networks, attention, optimizers)
