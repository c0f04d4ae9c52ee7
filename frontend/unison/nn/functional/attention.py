"""Attention: of given queries, keys and values, and with several heads and their projections."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

from unison.nn.functional.dropout import dropout
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError
from unison_core.spec import broadcast

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """dropout(softmax(q k^T * scale + mask)) v: query (..., L, E), key (..., S, E), value (..., S, Ev).

    attn_mask is added, or says with bool where to look; is_causal lets place i see places up to i; scale is
    1 / sqrt(E) unless given. With enable_gqa heads (dimension -3) of key and value serve several of query.
    Rows in which nothing may be seen give zeros.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or both a mask and is_causal are given.
    """
    if attn_mask is not None and is_causal:
        raise OperatorError(
            "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True; give one of them"
        )
    if enable_gqa:
        key, value = _shared_heads(query, key), _shared_heads(query, value)
    if scale is None:
        scale = 1.0 / sqrt(max(query.array.shape[-1], 1)) if query.array.ndim else 1.0
    mask = None if attn_mask is None else _additive(attn_mask, query)
    keep = None
    if dropout_p > 0.0:
        batch = broadcast(query.array.shape[:-2], key.array.shape[:-2])
        shape = (*batch, query.array.shape[-2], key.array.shape[-2])
        keep = dropout(ops.full(shape=shape, value=1, dtype=query.dtype, device=query.device), dropout_p)
    out, _ = ops.scaled_dot_product_attention(
        query, key, value, mask, keep, is_causal=bool(is_causal), scale=float(scale)
    )
    return out


def _shared_heads(query: Any, x: Any) -> Any:
    """x with each head repeated for the heads of query that it serves."""
    if min(query.array.ndim, x.array.ndim) < 3:
        raise OperatorError(
            "scaled_dot_product_attention: enable_gqa needs inputs with heads, (..., H, L, E)"
        )
    heads, have = query.array.shape[-3], x.array.shape[-3]
    if have == heads:
        return x
    if not have or heads % have:
        raise OperatorError(
            "scaled_dot_product_attention: the heads of key and value must divide those of query, got "
            f"{have} and {heads}"
        )
    shape = tuple(x.array.shape)
    wide = ops.expand(
        ops.slice(x, key=(..., None, slice(None), slice(None))),
        shape=(*shape[:-2], heads // have, *shape[-2:]),
    )
    return ops.reshape(wide, shape=(*shape[:-3], heads, *shape[-2:]))


def _additive(mask: Any, query: Any) -> Any:
    """A mask that is added to the scores: -inf where a bool one forbids.

    Raises:
        RuntimeError: it is neither bool nor of the query's dtype.
    """
    if mask.dtype is dtypes.bool_:
        zero, never = (constant(v, query.dtype, query.device) for v in (0.0, -inf))
        return ops.where(mask, zero, never)
    if mask.dtype is not query.dtype and mask.dtype is not dtypes.float32:
        raise OperatorError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{mask.dtype.name} and query.dtype: {query.dtype.name} instead."
        )
    return mask


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:
    """(outputs, weights) of attention with num_heads heads: query (L, N, E) or (L, E), key and value (S, N, ...).

    key_padding_mask (N, S) and attn_mask (L, S) or (N * heads, L, S) forbid with True or are added. bias_k and bias_v
    are appended to keys and values, add_zero_attn appends zeros. Weights are (N, L, S), the mean over the heads, or
    (N, heads, L, S) without average_attn_weights, or None without need_weights. Vaswani et al., 2017.

    Raises:
        RuntimeError, AssertionError: shapes or dtypes do not fit.
    """
    batched = _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = (ops.slice(x, key=(slice(None), None)) for x in (query, key, value))
        if key_padding_mask is not None:
            key_padding_mask = ops.slice(key_padding_mask, key=(None,))
    length, batch, width = query.array.shape
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    attn_mask, is_causal = _attention_mask(
        attn_mask, key_padding_mask, is_causal, need_weights, query, key, num_heads
    )
    padding = _as_additive("key_padding_mask", key_padding_mask, query)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = _projected_apart(query, key, value, weights, in_proj_bias, width)
    else:
        q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias, width)
    if bias_k is not None and bias_v is not None:
        k, v = (
            ops.cat(x, ops.expand(b, shape=(1, batch, width)), dim=0) for x, b in ((k, bias_k), (v, bias_v))
        )
        attn_mask, padding = _longer(attn_mask), _longer(padding)
    q, k, v = (_heads(x, num_heads) for x in (q, k, v))
    k = k if static_k is None else _static(static_k, batch, num_heads, "static_k")
    v = v if static_v is None else _static(static_v, batch, num_heads, "static_v")
    if add_zero_attn:
        k, v = (_with_zero(x) for x in (k, v))
        attn_mask, padding = _longer(attn_mask), _longer(padding)
    mask = _merged(attn_mask, padding, batch, num_heads)
    if need_weights:
        out, p = _with_weights(q, k, v, mask, dropout_p if training else 0.0)
    else:
        out, p = scaled_dot_product_attention(q, k, v, mask, dropout_p if training else 0.0, is_causal), None
    out = ops.reshape(ops.permute(out, dims=(2, 0, 1, 3)), shape=(length * batch, width))
    out = ops.view(
        ops.linear(out, out_proj_weight, out_proj_bias), shape=(length, batch, out_proj_weight.array.shape[0])
    )
    if p is not None and average_attn_weights:
        p = ops.mean(p, dim=(1,), keepdim=False)
    if not batched:
        out, p = ops.slice(out, key=(slice(None), 0)), None if p is None else ops.slice(p, key=(0,))
    return out, p


def _check_dims(query: Any, key: Any, value: Any, padding: Any, mask: Any, heads: int) -> bool:
    """Whether there is a batch dimension.

    Raises:
        AssertionError: the numbers of dimensions do not fit together.
    """
    dims = query.array.ndim
    if dims not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    kind = "batched (3-D)" if dims == 3 else "unbatched (2-D)"
    if key.array.ndim != dims or value.array.ndim != dims:
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {dims}-D but found {key.array.ndim}-D and "
            f"{value.array.ndim}-D tensors respectively"
        )
    if padding is not None and padding.array.ndim != dims - 1:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {dims - 1}-D but found "
            f"{padding.array.ndim}-D tensor instead"
        )
    if mask is not None and mask.array.ndim not in (2, 3):
        raise AssertionError(
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {mask.array.ndim}-D tensor "
            "instead"
        )
    return bool(dims == 3)


def _check_sizes(query: Any, key: Any, value: Any, width: int, heads: int, apart: bool) -> None:
    if query.array.shape[-1] != width:
        raise AssertionError(f"was expecting embedding dimension of {width}, but got {query.array.shape[-1]}")
    if width % heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if apart and key.array.shape[:2] != value.array.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {tuple(key.shape[:2])} do not match value's {tuple(value.shape[:2])}"
        )
    if not apart and key.array.shape != value.array.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _as_additive(name: str, mask: Any, query: Any) -> Any:
    if mask is None:
        return None
    if mask.dtype is dtypes.bool_:
        zero, never = (constant(v, query.dtype, query.device) for v in (0.0, -inf))
        return ops.where(mask, never, zero)
    if mask.dtype not in dtypes.FLOATING:
        raise AssertionError(f"only bool and floating types of {name} are supported, got {mask.dtype.name}")
    return mask if mask.dtype is query.dtype else ops.cast(mask, dtype=query.dtype)


def _attention_mask(
    mask: Any, padding: Any, causal: bool, need_weights: bool, query: Any, key: Any, heads: int
) -> tuple[Any, bool]:
    """The mask to add, (1 or N * heads, L, S), and whether the kernel is to make the causal one itself."""
    if causal and mask is None:
        raise OperatorError(
            "Need attn_mask if specifying the is_causal hint: it only says that the mask given is the causal one"
        )
    if causal and padding is None and not need_weights:
        return None, True
    mask = _as_additive("attn_mask", mask, query)
    if mask is None:
        return None, False
    length, batch, source = query.array.shape[0], query.array.shape[1], key.array.shape[0]
    expected = (length, source) if mask.array.ndim == 2 else (batch * heads, length, source)
    if tuple(mask.array.shape) != expected:
        raise OperatorError(
            f"The shape of the {mask.array.ndim}D attn_mask is {mask.shape}, but should be {expected}."
        )
    return ops.slice(mask, key=(None,)) if mask.array.ndim == 2 else mask, False


def _projected(query: Any, key: Any, value: Any, weight: Any, bias: Any, width: int) -> tuple[Any, ...]:
    """Queries, keys and values by one packed weight (3 E, E); inputs that are the same tensor share a product."""

    def part(x: Any, first: int, count: int) -> list[Any]:
        rows = slice(first * width, (first + count) * width)
        w = ops.slice(weight, key=(rows,))
        y = ops.linear(x, w, None if bias is None else ops.slice(bias, key=(rows,)))
        return [ops.slice(y, key=(..., slice(i * width, (i + 1) * width))) for i in range(count)]

    if query is key and key is value:
        y = ops.linear(query, weight, bias)
        return tuple(ops.slice(y, key=(..., slice(i * width, (i + 1) * width))) for i in range(3))
    if key is value:
        return (*part(query, 0, 1), *part(key, 1, 2))
    return (*part(query, 0, 1), *part(key, 1, 1), *part(value, 2, 1))


def _projected_apart(
    query: Any, key: Any, value: Any, weights: tuple[Any, Any, Any], bias: Any, width: int
) -> tuple[Any, ...]:
    def piece(i: int) -> Any:
        return None if bias is None else ops.slice(bias, key=(slice(i * width, (i + 1) * width),))

    return tuple(
        ops.linear(x, w, piece(i)) for i, (x, w) in enumerate(zip((query, key, value), weights, strict=True))
    )


def _heads(x: Any, heads: int) -> Any:
    """(L, N, E) as (N, heads, L, E / heads)."""
    length, batch, width = x.array.shape
    split = ops.reshape(x, shape=(length, batch, heads, width // heads))
    return ops.permute(split, dims=(1, 2, 0, 3))


def _static(x: Any, batch: int, heads: int, name: str) -> Any:
    if x.array.shape[0] != batch * heads:
        raise AssertionError(f"expecting {name}.size(0) of {batch * heads}, but got {x.array.shape[0]}")
    return ops.reshape(x, shape=(batch, heads, *x.array.shape[1:]))


def _with_zero(x: Any) -> Any:
    shape = (*x.array.shape[:2], 1, x.array.shape[3])
    return ops.cat(x, ops.full(shape=shape, value=0, dtype=x.dtype, device=x.device), dim=2)


def _longer(mask: Any) -> Any:
    """A mask with one more place, that may be seen."""
    if mask is None:
        return None
    return ops.pad(mask, widths=((0, 0),) * (mask.array.ndim - 1) + ((0, 1),), value=0)


def _merged(mask: Any, padding: Any, batch: int, heads: int) -> Any:
    """Both masks in one, broadcasting to (N, heads, L, S)."""
    if mask is not None:
        shape = tuple(mask.array.shape)
        mask = ops.reshape(mask, shape=(1, *shape) if shape[0] == 1 else (batch, heads, *shape[1:]))
    if padding is None:
        return mask
    padding = ops.reshape(padding, shape=(batch, 1, 1, padding.array.shape[1]))
    return padding if mask is None else ops.add(mask, padding)


def _with_weights(q: Any, k: Any, v: Any, mask: Any, dropout_p: float) -> tuple[Any, Any]:
    """Outputs and weights; the weights are those after dropout."""
    scale = 1.0 / sqrt(max(q.array.shape[-1], 1))
    if dropout_p == 0.0:
        out, p = ops.scaled_dot_product_attention(q, k, v, mask, None, is_causal=False, scale=scale)
        return out, p
    scores = ops.matmul(ops.mul(q, scale), ops.transpose_last(k))
    p = ops.softmax(scores if mask is None else ops.add(scores, mask), dim=3)
    p = dropout(p, dropout_p)
    return ops.matmul(p, v), p
