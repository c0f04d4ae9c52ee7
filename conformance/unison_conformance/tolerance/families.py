"""Which family of the tolerance table an operator belongs to."""

from __future__ import annotations

__all__ = ["FAMILIES", "family_of"]

FAMILIES: dict[str, tuple[str, ...]] = {
    # Nothing is computed.
    "movement": (
        "as_strided",
        "cat",
        "copy",
        "diagonal",
        "embedding",
        "empty",
        "expand",
        "eye",
        "flip",
        "full",
        "gather",
        "im2col",
        "imag",
        "index",
        "index_select",
        "join_flat",
        "nonzero",
        "pad",
        "permute",
        "real",
        "reshape",
        "roll",
        "scatter",
        "slice",
        "sort",
        "to_device",
        "unfold",
        "unslice",
        "view",
        "view_as_complex",
        "view_as_real",
        "where",
        "write_flat",
    ),
    "cast": ("cast",),
    # Integers and bools come out.
    "exact": (
        "all",
        "any",
        "argmax",
        "argmin",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_not",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
        "eq",
        "gcd",
        "ge",
        "gt",
        "isfinite",
        "isinf",
        "isnan",
        "le",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "lt",
        "ne",
        "random_bits",
        "randint",
        "searchsorted",
        "signbit",
    ),
    # Real numbers, without rounding.
    "sign": (
        "amax",
        "max_pool",
        "max_pool_with_indices",
        "amin",
        "ceil",
        "clamp",
        "cummax",
        "cummin",
        "floor",
        "fmax",
        "fmin",
        "fmod",
        "maximum",
        "minimum",
        "nextafter",
        "relu",
        "sign",
        "threshold_backward",
        "trunc",
    ),
    # (`complex` converts parts of half types, and with them the payloads of NaNs.)
    "signed_zero": ("abs", "complex", "conj", "copysign", "neg", "round"),
    # One rounding, or few.
    "add": ("add", "sub"),
    "mul": ("mul",),
    "fused": ("addcdiv", "addcmul", "lerp"),
    "div": ("div", "reciprocal"),
    "floor_divide": ("floor_divide",),
    "remainder": ("remainder",),
    "sqrt": ("sqrt",),
    "rsqrt": ("rsqrt",),
    "hypot": ("complex_abs", "hypot"),
    "leaky_relu": ("leaky_relu",),
    # Functions.
    "exp": ("exp", "exp2", "expm1"),
    "log": ("log", "log10", "log2"),
    "log1p": ("log1p",),
    "logaddexp": ("logaddexp",),
    "sincos": ("cos", "sin"),
    "tan": ("atan", "tan"),
    "atan2": ("angle", "atan2"),
    "asin": ("acos", "acosh", "asin", "asinh", "cosh", "sinh"),
    "atanh": ("atanh",),
    "tanh": ("tanh",),
    "erf": ("erf", "erfc"),
    "erfinv": ("erfinv",),
    "gamma": ("digamma", "lgamma", "polygamma"),
    "pow": ("pow",),
    "sigmoid": ("elu", "sigmoid", "silu", "softplus"),
    "gelu": ("gelu",),
    "gelu_backward": ("gelu_backward",),
    # Accumulations.
    "sum": (
        "col2im",
        "cumsum",
        "embedding_backward",
        "index_add",
        "index_put",
        "max_pool_backward",
        "scatter_add",
        "sum",
    ),
    "mean": ("mean", "var"),
    "prod": ("cumprod", "prod", "scatter_reduce"),
    "logsumexp": ("logcumsumexp", "logsumexp"),
    "fourier": ("fft_c2c", "fft_c2r", "fft_r2c"),
    "matmul": ("conv", "conv_input_grad", "conv_weight_grad", "linear", "matmul"),
    "softmax": ("softmax",),
    "log_softmax": ("log_softmax",),
    "norm": ("batch_norm", "group_norm", "layer_norm", "rms_norm"),
    "avg_pool": ("avg_pool", "avg_pool_backward"),
    # Compositions.
    "loss": ("binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "mse_loss"),
    "attention": ("scaled_dot_product_attention",),
    "recurrent": ("gru", "lstm", "rnn"),
    "optimizer": ("adam_step",),
    "decomposition": (
        "cholesky",
        "eig",
        "eigh",
        "inverse",
        "qr",
        "slogdet",
        "solve",
        "solve_triangular",
        "svd",
    ),
    "gradient": (
        "batch_norm_backward",
        "cross_entropy_backward",
        "group_norm_backward",
        "gru_backward",
        "layer_norm_backward",
        "log_softmax_backward",
        "lstm_backward",
        "rms_norm_backward",
        "rnn_backward",
        "scaled_dot_product_attention_backward",
        "softmax_backward",
    ),
    # Made from nothing.
    "range": ("arange", "linspace"),
    "uniform": ("uniform",),
    "normal": ("normal",),
    "dropout": ("dropout",),
}

_FAMILY = {name: family for family, names in FAMILIES.items() for name in names}


def family_of(operator: str) -> str:
    """The family.

    Raises:
        KeyError: the operator is in none; the text says where to add it.
    """
    try:
        return _FAMILY[operator]
    except KeyError:
        raise KeyError(
            f"{operator} is in no family of the tolerance table; add it to FAMILIES in {__name__}"
        ) from None
