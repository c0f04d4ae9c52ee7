"""The debug setting: what every kernel returns is compared with what the operator's rules say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison_core.dispatch.failure import check
from unison_core.errors import KernelError
from unison_core.modes import Mode

__all__ = ["CheckInfer"]


class CheckInfer(Mode):
    """Within the block, rules run before every kernel and its result is verified against them."""

    def dispatch(
        self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Callable[..., Any]
    ) -> Any:
        """Check, call, compare.

        Raises:
            RuntimeError: the kernel's shapes or dtypes differ from the rules'.
        """
        if "dynamic" in op.tags:
            return proceed(*inputs, **attrs)
        wanted = check(op, inputs, attrs)
        out = proceed(*inputs, **attrs)
        pairs = zip(out, wanted, strict=True) if isinstance(out, tuple) else [(out, wanted)]
        for got, spec in pairs:
            if tuple(got.shape) != tuple(spec.shape) or got.dtype is not spec.dtype:
                raise KernelError(
                    f"{op.name} on {got.device} returned {got.dtype.name}{list(got.shape)}, "
                    f"but its rules say {spec.dtype.name}{list(spec.shape)}"
                )
        return out
