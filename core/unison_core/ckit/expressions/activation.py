"""Activation functions. Gelu has a form for each approximation."""

from __future__ import annotations

from unison_core.ckit.expressions.forms import Forms, every, floating, numeric

__all__ = ["FORMS", "GELU", "GELU_BACKWARD"]

_HEADER = "activation.h"

FORMS: dict[str, Forms] = {
    "elu": floating(
        "(a > 0 ? a : expm1(a * K(2)) * K(0)) * K(1)", attributes=("alpha", "scale", "input_scale")
    ),
    "leaky_relu": floating("a > 0 ? a : a * K(0)", attributes=("negative_slope",)),
    "relu": numeric("a > 0 ? a : a != a ? a : R(0)", "a > 0 ? a : 0"),
    "sigmoid": floating("logistic(a)", _HEADER, complex="plane_logistic(a)"),
    "silu": floating("weighted_logistic(a)", _HEADER),
    "softplus": floating(
        "a * K(0) > K(1) ? a : log_of_one_plus_exp(a * K(0)) / K(0)",
        _HEADER,
        attributes=("beta", "threshold"),
    ),
    "threshold_backward": every("b > 0 ? a : 0"),
}
GELU = {"none": floating("gelu(a)", _HEADER), "tanh": floating("gelu_by_tanh(a)", _HEADER)}
GELU_BACKWARD = {
    "none": floating("a * gelu_slope(b)", _HEADER),
    "tanh": floating("a * gelu_slope_by_tanh(b)", _HEADER),
}
