"""Convolution and its two gradients by cuDNN.

Served are float16, bfloat16 and float32 in one to three dimensions. All else, and shapes for which cuDNN has no engine,
is declined by `NotImplemented`: the kernel beneath serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import cupy

from unison_core import precision
from unison_core.ops.convolution import conv_shape
from unison_cudnn.plans import TYPES, dense, guarded, plan_for, row_major

__all__ = ["BIAS", "KERNELS", "WEIGHT", "Convolution", "X", "Y"]

Shape = tuple[int, ...]
X, WEIGHT, Y, BIAS = 1, 2, 3, 4
"""What y = conv(x, weight) + bias has: the numbers of a graph's tensors."""

_LARGEST = 2**31
"""Elements: above, engines count in 64 bits or fail."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """Which of X, WEIGHT and Y is sought, the shapes, and all else that a plan depends on."""

    sought: int
    dtype: str
    x: Shape
    weight: Shape
    y: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    bias: bool
    tf32: bool

    def build(self, graph: Any) -> None:
        """Put it into a graph; a line becomes an image of height 1, since cuDNN begins with two dimensions."""
        line = len(self.x) == 3
        shapes = {
            X: self.x,
            WEIGHT: self.weight,
            Y: self.y,
            BIAS: (1, self.weight[0], *[1] * len(self.stride)),
        }
        if line:
            shapes = {number: (*shape[:2], 1, *shape[2:]) for number, shape in shapes.items()}
        steps = {
            name: [*([neutral] if line else []), *given]
            for name, neutral, given in (
                ("pre_padding", 0, self.padding),
                ("post_padding", 0, self.padding),
                ("stride", 1, self.stride),
                ("dilation", 1, self.dilation),
            )
        }

        def given(number: int) -> Any:
            shape, dtype = shapes[number], TYPES[self.dtype]
            return graph.tensor(dim=[*shape], stride=row_major(shape), data_type=dtype, uid=number)

        if self.sought == X:
            out = graph.conv_dgrad(loss=given(Y), filter=given(WEIGHT), **steps)
        elif self.sought == WEIGHT:
            out = graph.conv_wgrad(image=given(X), loss=given(Y), **steps)
        else:
            out = graph.conv_fprop(image=given(X), weight=given(WEIGHT), **steps)
            if self.bias:
                # Within the graph, where the sum is still float32.
                out = graph.add(a=out, b=given(BIAS))
        shape = shapes[self.sought]
        out.set_output(True).set_uid(self.sought).set_data_type(TYPES[self.dtype])
        out.set_dim([*shape]).set_stride(row_major(shape))


def _serve(arrays: dict[int, Any], shapes: dict[int, Shape], **steps: Shape) -> Any:
    """What is missing in `arrays` of X, WEIGHT and Y, or NotImplemented."""
    (sought,) = shapes.keys() - arrays.keys()
    dtype = next(iter(arrays.values())).dtype
    if dtype.name not in TYPES or any(a.dtype != dtype for a in arrays.values()):
        return NotImplemented
    if len(shapes[X]) > 5 or not all(0 < prod(shape) < _LARGEST for shape in shapes.values()):
        return NotImplemented
    tf32 = precision.allowed().convolution != "highest"
    problem = Convolution(
        sought, dtype.name, shapes[X], shapes[WEIGHT], shapes[Y], **steps, bias=BIAS in arrays, tf32=tf32
    )
    plan = plan_for(problem)
    if plan is None:
        return NotImplemented
    out = cupy.empty(shapes[sought], dtype)
    plan.run({sought: out, **{number: dense(a) for number, a in arrays.items()}})
    return out


@guarded
def _conv(
    x: Any, weight: Any, bias: Any, *, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    given = None if bias is None else bias.shape
    shape = conv_shape(x.shape, weight.shape, given, stride, padding, dilation, groups)
    arrays = {X: x, WEIGHT: weight} if bias is None else {X: x, WEIGHT: weight, BIAS: bias}
    shapes = {X: x.shape, WEIGHT: weight.shape, Y: shape}
    return _serve(arrays, shapes, stride=stride, padding=padding, dilation=dilation)


@guarded
def _conv_input_grad(
    g: Any, weight: Any, *, size: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    shape = (g.shape[0], weight.shape[1] * groups, *size)
    if conv_shape(shape, weight.shape, None, stride, padding, dilation, groups) != g.shape:
        return NotImplemented
    shapes = {X: shape, WEIGHT: weight.shape, Y: g.shape}
    return _serve({WEIGHT: weight, Y: g}, shapes, stride=stride, padding=padding, dilation=dilation)


@guarded
def _conv_weight_grad(
    x: Any, g: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    if groups < 1 or x.shape[1] % groups:
        return NotImplemented
    shape = (g.shape[1], x.shape[1] // groups, *kernel)
    if conv_shape(x.shape, shape, None, stride, padding, dilation, groups) != g.shape:
        return NotImplemented
    shapes = {X: x.shape, WEIGHT: shape, Y: g.shape}
    return _serve({X: x, Y: g}, shapes, stride=stride, padding=padding, dilation=dilation)


KERNELS = {"conv": _conv, "conv_input_grad": _conv_input_grad, "conv_weight_grad": _conv_weight_grad}
"""Operator name -> kernel."""
