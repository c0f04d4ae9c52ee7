"""What every call path looks at: two counters that are zero in ordinary programs, and the per-thread truth.

# Note [Unusual states]
A call path must not pay for what is not in use. `modes_active` counts the modes entered by all threads,
`grad_disabled` the threads' blocks without gradients. While a counter is zero nobody is in that state and one
global read decides; otherwise the slower thread-local truth is asked. The counters are changed under a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["grad_enabled", "inference_enabled", "install_recorder", "local", "set_grad", "set_modes"]

modes_active = 0
grad_disabled = 0

_lock = threading.Lock()


class _Local(threading.local):
    grad: bool = True
    inference: bool = False
    modes: tuple[Any, ...] = ()


local = _Local()


def grad_enabled() -> bool:
    """Whether this thread records operations on tensors that require a gradient."""
    return not grad_disabled or local.grad


def inference_enabled() -> bool:
    """Whether this thread is in inference mode."""
    return local.inference


def set_grad(enabled: bool) -> bool:
    """Switch recording for this thread; returns what it was."""
    global grad_disabled
    before = local.grad
    if before is not enabled:
        local.grad = enabled
        with _lock:
            grad_disabled += -1 if enabled else 1
    return before


def set_modes(stack: tuple[Any, ...]) -> tuple[Any, ...]:
    """Replace this thread's stack of modes; returns the one before."""
    global modes_active
    before = local.modes
    local.modes = stack
    with _lock:
        modes_active += len(stack) - len(before)
    return before


def _no_recorder(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any] | None, out: Any) -> None:
    raise RuntimeError(f"{op.name} has inputs that require a gradient, but no autograd engine is installed")


def _no_refresh(view: Any) -> bool:
    return False


record: Callable[[Any, tuple[Any, ...], dict[str, Any] | None, Any], None] = _no_recorder
record_write: Callable[..., None] = _no_recorder
refresh: Callable[[Any], bool] = _no_refresh


def install_recorder(
    recorder: Callable[[Any, tuple[Any, ...], dict[str, Any] | None, Any], None],
    write_recorder: Callable[..., None],
    refresher: Callable[[Any], bool],
) -> None:
    """Let an autograd engine see every call on tracked tensors, and every in-place write.

    recorder(op, inputs, attrs, out) is called when an input is tracked; write_recorder(op, target, inputs,
    attrs) after an in-place operator wrote into `target`; refresher(view) says whether an untracked view has become
    tracked because its memory was written. All check `grad_enabled` themselves.
    """
    global record, record_write, refresh
    refresh = refresher
    record = recorder
    record_write = write_recorder
