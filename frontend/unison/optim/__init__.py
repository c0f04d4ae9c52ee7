"""Optimisers, learning-rate schedulers and averages of weights, shaped like torch.optim.

Here live the optimisers, one file each, on two bases: `optimizer.Optimizer` (groups, state, hooks, saving) and
`_parameterwise.ParameterwiseOptimizer` (the step loop of all rules that look at one parameter at a time).
`lr_scheduler` is a folder with one file per theme; `swa_utils` is loaded when it is first used, since it needs
`unison.nn`. May import `unison` and its `_tensor`; nothing here knows a device. Start reading at `sgd.py`.
"""

from __future__ import annotations

from typing import Any

from unison.optim import lr_scheduler
from unison.optim.adadelta import Adadelta
from unison.optim.adagrad import Adagrad
from unison.optim.adam import Adam
from unison.optim.adamax import Adamax
from unison.optim.adamw import AdamW
from unison.optim.asgd import ASGD
from unison.optim.lbfgs import LBFGS
from unison.optim.nadam import NAdam
from unison.optim.optimizer import Optimizer
from unison.optim.radam import RAdam
from unison.optim.rmsprop import RMSprop
from unison.optim.rprop import Rprop
from unison.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]


def __getattr__(name: str) -> Any:
    if name == "swa_utils":
        import importlib

        return importlib.import_module("unison.optim.swa_utils")
    raise AttributeError(f"module 'unison.optim' has no attribute {name!r}")
