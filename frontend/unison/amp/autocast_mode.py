"""autocast: within the block, operators run in the type that suits them."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.handle import Handle
from unison_core.modes import Mode
from unison_core.plugins.loading import backends

__all__ = ["autocast", "get_autocast_dtype", "is_autocast_available", "is_autocast_enabled"]

# Products of matrices are quick in half types and held in float32 while they are summed.
_LOWER = frozenset({"matmul", "linear", "conv", "scaled_dot_product_attention", "lstm", "gru", "rnn"})
# Where a half type loses too much: functions that grow fast or sum many terms.
_WIDER = frozenset(
    {
        "acos",
        "asin",
        "binary_cross_entropy_with_logits",
        "cosh",
        "cross_entropy",
        "cumprod",
        "cumsum",
        "erfinv",
        "exp",
    }
    | {
        "expm1",
        "group_norm",
        "layer_norm",
        "log",
        "log10",
        "log1p",
        "log2",
        "log_softmax",
        "logsumexp",
        "mse_loss",
    }
    | {"pow", "prod", "reciprocal", "rms_norm", "rsqrt", "sinh", "softmax", "softplus", "sum", "tan"}
)
_HALVES = frozenset({dtypes.float16, dtypes.bfloat16})
_DEFAULT = {"cuda": dtypes.float16}
"""PyTorch's choice by device type; bfloat16, whose range is float32's, anywhere else."""


class _Local(threading.local):
    def __init__(self) -> None:
        self.blocks: dict[str, list[autocast]] = {}
        self.casts: dict[int, tuple[Any, int, Any]] = {}


_local = _Local()


class autocast(Mode):
    """Within the block, run products in a half type and what needs range or precision in float32.

    device_type: the type of the devices it is for; tensors elsewhere are left alone. dtype: float16 or bfloat16, or
    None for the type's default (`get_autocast_dtype`). enabled: False switches an outer block off. cache_enabled:
    whether the cast of a parameter is kept until the outermost block ends. float64 and integers are never touched;
    operators in neither list promote as ever. Serves as decorator, too.

    Raises:
        RuntimeError: no backend drives such devices.
    """

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(device_type):
            raise RuntimeError(
                f"User specified an unsupported autocast device_type {device_type!r}; the device types here are "
                f"{', '.join(sorted({r.name for r in backends()}))}"
            )
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        if enabled and self.fast_dtype not in _HALVES:
            warnings.warn(
                f"In {device_type} autocast, but the target dtype is not supported. Disabling autocast. Supported are "
                f"float16 and bfloat16, not {self.fast_dtype}",
                stacklevel=2,
            )
            enabled = False
        self.enabled = enabled
        self.cache_enabled = True if cache_enabled is None else cache_enabled

    def __enter__(self) -> Self:
        _local.blocks.setdefault(self.device, []).append(self)
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        _local.blocks[self.device].pop()
        if not any(_local.blocks.values()):
            _local.casts.clear()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def within(*args: Any, **kwargs: Any) -> Any:
            with autocast(self.device, self.fast_dtype, self.enabled, self.cache_enabled):
                return function(*args, **kwargs)

        return within

    def dispatch(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Any) -> Any:
        """Cast the inputs of an operator of one of the lists; only the innermost block for the devices does."""
        if self.enabled and _local.blocks[self.device][-1] is self:
            if op.name in _LOWER:
                inputs = tuple([self._lower(x) for x in inputs])
            elif op.name in _WIDER:
                inputs = tuple([self._wider(x) for x in inputs])
        return proceed(*inputs, **attrs)

    def _mine(self, x: Any) -> bool:
        return isinstance(x, Handle) and x.device.type == self.device

    def _lower(self, x: Any) -> Any:
        if not self._mine(x) or x.dtype is self.fast_dtype:
            return x
        if x.dtype is not dtypes.float32 and x.dtype not in _HALVES:
            return x
        if not self.cache_enabled or not x.tracked or x.node is not None or x.base is not None:
            return ops.cast(x, dtype=self.fast_dtype)
        return self._kept(x)

    def _kept(self, x: Any) -> Any:
        """The cast of a parameter, made once; again if the parameter was written since."""
        version = 0 if x.counter is None else x.counter[0]
        found = _local.casts.get(id(x))
        if found is not None and found[0] is x and found[1] == version and found[2].dtype is self.fast_dtype:
            cast = found[2]
            if cast.tracked or not _recording():
                return cast
        cast = ops.cast(x, dtype=self.fast_dtype)
        _local.casts[id(x)] = (x, version, cast)
        return cast

    def _wider(self, x: Any) -> Any:
        return ops.cast(x, dtype=dtypes.float32) if self._mine(x) and x.dtype in _HALVES else x


def _recording() -> bool:
    from unison_core import state

    return state.grad_enabled()


def is_autocast_available(device_type: str) -> bool:
    """Whether a backend of that name was found."""
    return any(r.name == device_type for r in backends())


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether an autocast block is in force for the type; without one, for any."""
    kinds = list(_local.blocks) if device_type is None else [device_type]
    return any(_local.blocks.get(kind) and _local.blocks[kind][-1].enabled for kind in kinds)


def get_autocast_dtype(device_type: str) -> DType:
    """The half type of the innermost block for the type, else the type's default."""
    blocks = _local.blocks.get(device_type)
    return blocks[-1].fast_dtype if blocks else _DEFAULT.get(device_type, dtypes.bfloat16)
