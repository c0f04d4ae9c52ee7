"""Steps of optimisers: operators that read and write parameters and state, many at once.

`adam_step` is a whole step. For every other rule, `join_flat` and `write_flat` let it run once on many small tensors.

# Note [Operators that write]
An operator declared with `writes=True` changes its inputs in place and returns the first. It is not differentiable,
refuses leaves that are being recorded, and moves the write counters of all its inputs on, so that a graph which saved
one of them notices.
"""

from __future__ import annotations

from math import prod
from typing import Any

from unison_core import ops
from unison_core.dispatch.inplace import assign
from unison_core.dtypes import FLOATING, float32, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec

__all__ = ["adam_step", "join_flat", "write_flat"]


@composite(dtypes=FLOATING, differentiable=False, writes=True)
def adam_step(
    *tensors: Array,
    count: int,
    step_size: float,
    beta1: float,
    beta2: float,
    eps: float,
    root: float,
    decay: float = 0.0,
    shrink: float = 1.0,
    maximize: bool = False,
) -> Array:
    """One step of Adam (Kingma and Ba, 2015) for `count` parameters.

    tensors: the parameters, their gradients, the means and the mean squares of these, and with AMSGrad (Reddi et
    al., 2018) the largest mean squares; `count` of each. step_size is lr / (1 - beta1^t), root is
    sqrt(1 - beta2^t). decay adds its multiple of the parameter to the gradient, shrink scales the parameter first.
    """
    groups = [tensors[i : i + count] for i in range(0, len(tensors), count)]
    for param, grad, mean, square, *largest in zip(*groups, strict=True):
        g = ops.neg(grad) if maximize else grad
        if shrink != 1.0:
            assign(param, ops.mul(param, scalar_like(shrink, param)))
        if decay:
            g = ops.add(g, ops.mul(param, scalar_like(decay, param)))
        assign(mean, ops.add(mean, ops.mul(ops.sub(g, mean), scalar_like(1 - beta1, g))))
        assign(
            square,
            ops.add(
                ops.mul(square, scalar_like(beta2, g)), ops.mul(ops.mul(g, g), scalar_like(1 - beta2, g))
            ),
        )
        if largest:
            assign(largest[0], ops.maximum(largest[0], square))
        below = ops.add(
            ops.div(ops.sqrt(largest[0] if largest else square), scalar_like(root, g)), scalar_like(eps, g)
        )
        assign(param, ops.sub(param, ops.mul(ops.div(mean, below), scalar_like(step_size, g))))
    return tensors[0]


@adam_step.infer
def adam_step_infer(
    *tensors: Spec,
    count: int,
    step_size: float,
    beta1: float,
    beta2: float,
    eps: float,
    root: float,
    decay: float,
    shrink: float,
    maximize: bool,
) -> Spec:
    if count < 1 or len(tensors) not in (4 * count, 5 * count):
        raise OperatorError(
            f"adam_step: {len(tensors)} tensors are not 4 or 5 for each of {count} parameters"
        )
    for i, t in enumerate(tensors):
        if t.shape != tensors[i % count].shape:
            raise OperatorError(
                f"adam_step: parameter {i % count} is {list(tensors[i % count].shape)}, but what belongs to it "
                f"{list(t.shape)}"
            )
    return tensors[0]


@adam_step.samples
def adam_step_samples() -> Any:
    plain: dict[str, Any] = {"step_size": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "root": 0.3}
    positive = {"low": 0.1, "high": 1.0}
    shapes = ((3,), (2, 3))
    four = [arg(*s) for _ in range(3) for s in shapes] + [arg(*s, **positive) for s in shapes]
    yield good(*four, count=2, decay=0.0, shrink=1.0, maximize=False, **plain)
    yield good(
        *four,
        arg(3, **positive),
        arg(2, 3, **positive),
        count=2,
        decay=0.1,
        shrink=0.9,
        maximize=True,
        **plain,
    )
    yield bad(
        RuntimeError,
        "are not 4 or 5",
        arg(3),
        arg(3),
        count=1,
        decay=0.0,
        shrink=1.0,
        maximize=False,
        **plain,
    )


@composite()
def join_flat(*tensors: Array) -> Array:
    """All elements of the tensors, in row-major order, one tensor after the other: 1-d, of their common dtype."""
    return ops.cat(*[ops.view(ops.copy(t), shape=(prod(t.shape),)) for t in tensors], dim=0)


@join_flat.infer
def join_flat_infer(*tensors: Spec) -> Spec:
    _same_dtype("join_flat", tensors)
    return Spec((sum(prod(t.shape) for t in tensors),), tensors[0].dtype, tensors[0].device)


@join_flat.samples
def join_flat_samples() -> Any:
    yield good(arg(2, 3), arg(), arg(0), arg(4))
    yield good(arg(3))
    yield bad(RuntimeError, "one dtype", arg(3, dtype=float32), arg(3, dtype=int64))


@composite(differentiable=False, writes=True)
def write_flat(*tensors: Array) -> Array:
    """Write the elements of the last tensor, which is 1-d, into the others: what undoes `join_flat`."""
    *targets, flat = tensors
    at = 0
    for target in targets:
        end = at + prod(target.shape)
        assign(target, ops.view(ops.slice(flat, key=(slice(at, end),)), shape=tuple(target.shape)))
        at = end
    return tensors[0]


@write_flat.infer
def write_flat_infer(*tensors: Spec) -> Spec:
    _same_dtype("write_flat", tensors)
    *targets, flat = tensors
    wanted = sum(prod(t.shape) for t in targets)
    if not targets or flat.shape != (wanted,):
        raise OperatorError(
            f"write_flat: {len(targets)} tensors of {wanted} elements together cannot be written from one of "
            f"shape {list(flat.shape)}; give those elements as a 1-d tensor, last"
        )
    return tensors[0]


@write_flat.samples
def write_flat_samples() -> Any:
    yield good(arg(2, 3), arg(), arg(0), arg(4), arg(11))
    yield good(arg(3), arg(3))
    yield bad(RuntimeError, "of 5 elements together", arg(2), arg(3), arg(6))


def _same_dtype(name: str, tensors: tuple[Spec, ...]) -> None:
    if len({t.dtype for t in tensors}) > 1:
        given = ", ".join(sorted({t.dtype.name for t in tensors}))
        raise OperatorError(
            f"{name} takes tensors of one dtype, but was given {given}; convert with .to(dtype)"
        )
