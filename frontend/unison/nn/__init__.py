"""Neural networks: layers as modules (``modules``), as functions (``functional``), their starting values (``init``)
and what works on whole models (``utils``).

Uses the public interface of Tensor and autograd alone, so that a model runs on any device. Start reading at
``modules/module.py``.
"""

from unison.nn import functional, init, modules, parameter, utils
from unison.nn.modules import *  # noqa: F403 - every layer, as listed there
from unison.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "functional",
    "init",
    "modules",
    "parameter",
    "utils",
]
__all__ += modules.__all__
