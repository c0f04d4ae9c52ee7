"""Steps of optimisers: operators that write into parameters and state, for many parameters at once.

# Note [Operators that write]
An operator declared with `writes=True` changes its inputs in place and returns the first. It is not differentiable,
refuses leaves that are being recorded, and moves the write counters of all its inputs on, so that a graph which saved
one of them notices.
"""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dispatch.inplace import assign
from unison_core.dtypes import FLOATING
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec

__all__ = ["adam_step"]


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
