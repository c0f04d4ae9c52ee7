"""Automatic differentiation: the graph, the engine, and what users call.

Start reading in `graph` (what is recorded), `engine` (how gradients flow back) and `views` (in-place writes). May
import core; gradient rules stand with the operators there. The engine knows no devices.
"""

from unison.autograd.anomaly import detect_anomaly, set_detect_anomaly
from unison.autograd.function import Function
from unison.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from unison.autograd.graph import record, record_write
from unison.autograd.interface import backward, grad
from unison.autograd.views import became_tracked
from unison_core import state

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

state.install_recorder(record, record_write, became_tracked)


def __getattr__(name: str) -> object:
    import importlib

    if name in ("gradcheck", "gradgradcheck"):
        return getattr(importlib.import_module("unison.autograd.gradient_check"), name)
    if name in ("functional", "forward_ad", "profiler"):
        return importlib.import_module(f"unison.autograd.{name}")
    raise AttributeError(f"module 'unison.autograd' has no attribute {name!r}")
