"""Anomaly detection: remember where each node was recorded, and refuse NaN gradients."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

__all__ = ["detect_anomaly", "set_detect_anomaly", "stack"]

enabled = False
check_nan = True


class set_detect_anomaly:
    """Switch anomaly detection on or off; as a context manager, until the block ends."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = (enabled, globals()["check_nan"])
        _set(mode, check_nan)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(*self._before)


class detect_anomaly(set_detect_anomaly):
    """Within the block, a backward that produces NaN raises and shows where the operation was recorded."""

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)


def _set(mode: bool, nan: bool) -> None:
    global enabled, check_nan
    enabled, check_nan = mode, nan


def stack() -> str:
    """The caller's stack, without our own frames."""
    frames = [f for f in traceback.extract_stack() if "/unison" not in f.filename.replace("\\", "/")]
    return "".join(traceback.format_list(frames))


def refuse_nan(node: Any, grads: tuple[Any, ...]) -> None:
    """Raise if a gradient has NaN.

    Raises:
        RuntimeError: names the node, the output and where it was recorded.
    """
    from unison_core import ops

    for i, g in enumerate(grads):
        if g is not None and bool(g.device.backend.to_host(ops.any(ops.isnan(g)).array)):
            where = f" It was recorded at:\n{node.trace}" if node.trace else ""
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.{where}")
