"""Unison: deep learning with PyTorch's interface on any device that somebody has written a backend for.

`import unison as torch` runs ordinary programs. Functions live in `unison.functions`, one module per theme; this
file names the public ones. `nn`, `optim`, `utils`, `linalg` and the other namespaces are loaded when first used,
array libraries when their device is.
"""

# ruff: noqa: F403, PLE0604 - the modules of unison.functions name in __all__ what is public
# The names sum, float, bool, ... are torch's and hide Python's own here: this module computes nothing.

from __future__ import annotations

import importlib
from math import e, inf, nan, pi

from unison._device import device
from unison._layouts import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from unison._tensor import Tensor
from unison.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from unison.functions._common import Size
from unison.functions.arranging import (
    as_strided,
    broadcast_tensors,
    broadcast_to,
    diag,
    diag_embed,
    diagflat,
    diagonal,
    diagonal_scatter,
    flip,
    fliplr,
    flipud,
    moveaxis,
    movedim,
    ravel,
    repeat_interleave,
    roll,
    rot90,
    select_scatter,
    slice_scatter,
    swapaxes,
    swapdims,
    tile,
    tril,
    triu,
    unflatten,
)
from unison.functions.conversion import *
from unison.functions.copies import *
from unison.functions.creation import (
    arange,
    bartlett_window,
    blackman_window,
    empty,
    empty_like,
    empty_permuted,
    empty_strided,
    eye,
    full,
    full_like,
    hamming_window,
    hann_window,
    linspace,
    logspace,
    meshgrid,
    ones,
    ones_like,
    range,
    scalar_tensor,
    tril_indices,
    triu_indices,
    vander,
    zeros,
    zeros_like,
)
from unison.functions.deterministic import (
    are_deterministic_algorithms_enabled,
    get_num_interop_threads,
    get_num_threads,
    set_num_interop_threads,
    set_num_threads,
    use_deterministic_algorithms,
)
from unison.functions.dlpack import from_dlpack, to_dlpack
from unison.functions.elementwise import *
from unison.functions.exchange import (
    frombuffer,
    view_as_complex,
    view_as_real,
)
from unison.functions.filling import (
    clone,
    detach,
    detach_,
    fill,
    fill_,
    resize_as_,
    zero_,
)
from unison.functions.indexing import (
    mask_indices,
    nonzero,
)
from unison.functions.limits import *
from unison.functions.linalg import *
from unison.functions.matrices import *
from unison.functions.movement import (
    cat,
    flatten,
    permute,
    reshape,
    squeeze,
    stack,
    t,
    transpose,
    unsqueeze,
)
from unison.functions.numeric import *
from unison.functions.picking import (
    argwhere,
    gather,
    index_add,
    index_copy,
    index_fill,
    index_put,
    index_put_,
    index_select,
    masked_fill,
    masked_scatter,
    masked_select,
    put,
    scatter,
    scatter_add,
    scatter_reduce,
    take,
    take_along_dim,
)
from unison.functions.products import *
from unison.functions.random import (
    Generator,
    bernoulli,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)
from unison.functions.reduction import (
    all,
    amax,
    amin,
    aminmax,
    any,
    argmax,
    argmin,
    corrcoef,
    count_nonzero,
    cov,
    cummax,
    cummin,
    cumprod,
    cumsum,
    cumulative_trapezoid,
    diff,
    dist,
    gradient,
    logcumsumexp,
    logsumexp,
    max,
    mean,
    median,
    min,
    mode,
    nanmean,
    nanmedian,
    nanquantile,
    nansum,
    norm,
    prod,
    quantile,
    renorm,
    std,
    std_mean,
    sum,
    trapezoid,
    trapz,
    var,
    var_mean,
)
from unison.functions.sorting import *
from unison.functions.splitting import *
from unison.printing import set_printoptions
from unison_core.devices import default as get_default_device
from unison_core.devices import set_default as set_default_device
from unison_core.dispatch.fallback import fallback_policy
from unison_core.dispatch.table import explain
from unison_core.dtypes import DType as dtype  # noqa: N813 - torch's name
from unison_core.dtypes import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from unison_core.dtypes import bool_ as bool
from unison_core.errors import OutOfMemoryError

__all__ = [
    *("abs", "absolute", "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr"),
    *("adjoint", "all", "allclose", "amax", "amin", "aminmax", "angle", "any", "arange", "arccos"),
    *("arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh"),
    *("are_deterministic_algorithms_enabled", "argmax", "argmin", "argsort", "argwhere", "as_strided"),
    *("as_strided_copy", "as_strided_scatter", "as_tensor", "asarray", "asin", "asinh", "atan", "atan2"),
    *("atanh", "atleast_1d", "atleast_2d", "atleast_3d", "baddbmm", "bartlett_window"),
    *("bernoulli", "bfloat16", "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not"),
    *("bitwise_or", "bitwise_right_shift", "bitwise_xor", "blackman_window", "block_diag", "bmm", "bool"),
    *("broadcast_shapes", "broadcast_tensors", "broadcast_to", "bucketize", "can_cast", "cartesian_prod"),
    *("cat", "cdist", "cdouble", "ceil", "cfloat", "chain_matmul", "channels_last", "channels_last_3d"),
    *("cholesky", "cholesky_inverse", "cholesky_solve", "chunk", "clamp", "clamp_max", "clamp_min"),
    *("clip", "clone", "column_stack", "combinations", "complex", "complex128", "complex64", "concat"),
    *("concatenate", "conj", "conj_physical", "contiguous_format", "copysign", "corrcoef", "cos", "cosh"),
    *("count_nonzero", "cov", "cross", "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid"),
    *("default_generator", "deg2rad", "det", "detach", "detach_", "device", "diag", "diag_embed"),
    *("diagflat", "diagonal", "diagonal_copy", "diagonal_scatter", "diff", "digamma", "dist", "div"),
    *("divide", "dot", "double", "dsplit", "dstack", "dtype", "e", "einsum", "empty", "empty_like"),
    *("empty_permuted", "empty_strided", "enable_grad", "eq", "equal", "erf", "erfc", "erfinv", "exp"),
    *("exp2", "expand_copy", "explain", "expm1", "eye", "fallback_policy", "fill", "fill_", "finfo"),
    *("fix", "flatten", "flip", "fliplr", "flipud", "float", "float16", "float32", "float64"),
    *("float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "frexp", "from_dlpack"),
    *("from_numpy", "frombuffer", "full", "full_like", "gather", "gcd", "ge", "Generator", "ger"),
    *("get_default_device", "get_default_dtype", "get_num_interop_threads", "get_num_threads"),
    *("get_rng_state", "gradient", "greater", "greater_equal", "gt", "half", "hamming_window"),
    *("hann_window", "heaviside", "histc", "histogram", "hsplit", "hstack", "hypot", "iinfo", "imag"),
    *("index_add", "index_copy", "index_fill", "index_put", "index_put_", "index_reduce", "index_select"),
    *("inf", "inference_mode", "initial_seed", "inner", "int", "int16", "int32", "int64", "int8"),
    *("inverse", "is_complex", "is_conj", "is_floating_point", "is_grad_enabled", "is_inference"),
    *("is_inference_mode_enabled", "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage"),
    *("is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal"),
    *("kron", "kthvalue", "layout", "lcm", "ldexp", "le", "lerp", "less", "less_equal", "lgamma"),
    *("linspace", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logcumsumexp", "logdet"),
    *("logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "long"),
    *("lt", "lu_solve", "manual_seed", "mask_indices", "masked_fill", "masked_scatter", "masked_select"),
    *("matmul", "matrix_exp", "matrix_power", "max", "maximum", "mean", "median", "memory_format"),
    *("meshgrid", "min", "minimum", "mm", "mode", "moveaxis", "movedim", "msort", "mul", "multinomial"),
    *("multiply", "mv", "mvlgamma", "nan", "nan_to_num", "nanmean", "nanmedian", "nanquantile", "nansum"),
    *("narrow", "narrow_copy", "ne", "neg", "negative", "newaxis", "nextafter", "no_grad", "nonzero"),
    *(
        "norm",
        "normal",
        "not_equal",
        "numel",
        "ones",
        "ones_like",
        "orgqr",
        "outer",
        "OutOfMemoryError",
        "permute",
    ),
    *("permute_copy", "pi", "pinverse", "poisson", "polar", "polygamma", "positive", "pow"),
    *("preserve_format", "prod", "promote_types", "put", "qr", "quantile", "rad2deg", "rand", "rand_like"),
    *("randint", "randint_like", "randn", "randn_like", "randperm", "range", "ravel", "real"),
    *("reciprocal", "relu", "remainder", "renorm", "repeat_interleave", "reshape", "resize_as_"),
    *("resolve_conj", "resolve_neg", "result_type", "roll", "rot90", "round", "row_stack", "rsqrt"),
    *("rsub", "scalar_tensor", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "seed"),
    *("select", "select_scatter", "set_default_device", "set_default_dtype", "set_grad_enabled"),
    *("set_num_interop_threads", "set_num_threads", "set_printoptions", "set_rng_state", "sgn", "short"),
    *("sigmoid", "sign", "signbit", "sin", "sinc", "sinh", "Size", "slice_scatter", "slogdet", "sort"),
    *("split", "split_with_sizes", "split_with_sizes_copy", "sqrt", "square", "squeeze", "squeeze_copy"),
    *("stack", "std", "std_mean", "strided", "sub", "subtract", "sum", "svd", "swapaxes", "swapdims", "t"),
    *("t_copy", "take", "take_along_dim", "tan", "tanh", "Tensor", "tensor", "tensor_split", "tensordot"),
    *("tile", "to_dlpack", "topk", "trace", "transpose", "transpose_copy", "trapezoid", "trapz"),
    *("triangular_solve", "tril", "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "uint8"),
    *("unbind", "unbind_copy", "unflatten", "unfold_copy", "unique", "unique_consecutive"),
    *("unravel_index", "unsafe_chunk", "unsafe_split", "unsqueeze", "unsqueeze_copy"),
    *("use_deterministic_algorithms", "vander", "var", "var_mean", "vdot", "view_as_complex"),
    *("view_as_real", "view_copy", "vsplit", "vstack", "where", "xlog1py", "xlogy", "zero_", "zeros"),
    "zeros_like",
]

half = float16
float = float32
double = float64
cfloat = complex64
cdouble = complex128
short = int16
int = int32
long = int64
newaxis = None

_NAMESPACES = frozenset(
    [
        *(
            "accelerator",
            "amp",
            "autograd",
            "backends",
            "cli",
            "cuda",
            "datasets",
            "fft",
            "func",
            "linalg",
            "masked",
            "nn",
            "opencl",
            "optim",
            "random",
        ),
        *("serialization", "signal", "special", "utils"),
    ]
)
_ELSEWHERE = {
    **dict.fromkeys(("Event", "Stream"), "streams"),
    "get_device_module": "_kind",
    **dict.fromkeys(("autocast", "get_autocast_dtype", "is_autocast_enabled"), "amp"),
    "i0": "special",
    **dict.fromkeys(("istft", "stft"), "fft.short_time"),
    **dict.fromkeys(
        (
            *("alias_copy", "constant_pad_nd", "native_batch_norm", "native_dropout", "native_group_norm"),
            *("native_layer_norm", "nonzero_static"),
        ),
        "functions.native",
    ),
    **dict.fromkeys(
        (
            *("BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor"),
            *("HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "get_float32_matmul_precision"),
            *("kaiser_window", "set_float32_matmul_precision", "set_warn_always", "typename"),
        ),
        "functions.legacy",
    ),
    **dict.fromkeys(("geqrf", "lu", "lu_unpack", "ormqr", "pca_lowrank", "svd_lowrank"), "functions.factors"),
    **dict.fromkeys(("load", "save"), "serialization"),
    **dict.fromkeys(
        (
            *("adaptive_max_pool1d", "affine_grid_generator", "conv_tbc", "convolution", "grid_sampler"),
            *("grid_sampler_2d", "grid_sampler_3d", "max_pool1d_with_indices", "native_channel_shuffle"),
        ),
        "functions.vision",
    ),
}
"""Functions of `unison` itself that are loaded with a namespace."""

_FUNCTIONAL = frozenset(
    [
        *("adaptive_avg_pool1d", "alpha_dropout", "alpha_dropout_", "avg_pool1d", "batch_norm"),
        *("bilinear", "celu", "celu_", "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d"),
        *(
            "conv_transpose2d",
            "conv_transpose3d",
            "cosine_embedding_loss",
            "cosine_similarity",
            "ctc_loss",
            "dropout",
        ),
        *("dropout_", "embedding", "embedding_bag", "feature_alpha_dropout", "feature_dropout", "group_norm"),
        *("hardshrink", "hinge_embedding_loss", "instance_norm", "kl_div", "layer_norm", "log_softmax"),
        *("margin_ranking_loss", "max_pool1d", "max_pool2d", "max_pool3d", "pairwise_distance", "pdist"),
        *(
            "pixel_shuffle",
            "pixel_unshuffle",
            "poisson_nll_loss",
            "prelu",
            "rms_norm",
            "rrelu",
            "rrelu_",
            "selu",
        ),
        *("selu_", "softmax", "threshold", "threshold_", "triplet_margin_loss"),
    ]
)
"""What torch has here as well as in `nn.functional`."""


def _methods_in_place() -> frozenset[str]:
    """`unison.exp_(x)` is `x.exp_()`."""
    return frozenset(vars(importlib.import_module("unison._methods.inplace").InPlace))


def __getattr__(name: str) -> object:
    found = _find(name)
    globals()[name] = found
    return found


def _find(name: str) -> object:
    if name in _NAMESPACES:
        return importlib.import_module(f"unison.{name}")
    if name in ("igamma", "igammac"):
        return getattr(importlib.import_module("unison.special"), name.replace("igamma", "gammainc"))
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(f"unison.{_ELSEWHERE[name]}"), name)
    if name in _FUNCTIONAL:
        return getattr(importlib.import_module("unison.nn.functional"), name)
    if name.endswith("_") and not name.startswith("_") and name in _methods_in_place():
        return getattr(Tensor, name)
    if name == "return_types":
        return importlib.import_module("unison.functions.return_types")
    if name == "compile":
        from unison.functions.legacy import CompileMissingError

        raise CompileMissingError(
            "unison.compile does not exist yet: remove the call, the model runs eagerly and gives the same results"
        )
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("unison")
    raise AttributeError(
        f"module 'unison' has no attribute {name!r}", name=name, obj=importlib.import_module(__name__)
    )


def __dir__() -> list[str]:
    return sorted({*__all__, *_NAMESPACES, *_ELSEWHERE})
