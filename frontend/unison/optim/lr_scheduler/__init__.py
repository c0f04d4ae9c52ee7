"""Learning-rate schedulers, shaped like torch.optim.lr_scheduler.

Here lives `base.LRScheduler`, which counts epochs and writes into the optimiser's groups, and one file per kind of
schedule. Attributes have PyTorch's names, also the private ones, because they are the keys of its state_dicts. May
import the optimisers' base and `unison.Tensor`. Start reading at `base.py`, then `decay.py`.
"""

from __future__ import annotations

from unison.optim.lr_scheduler.base import EPOCH_DEPRECATION_WARNING, LRScheduler
from unison.optim.lr_scheduler.by_function import LambdaLR, MultiplicativeLR
from unison.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from unison.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from unison.optim.lr_scheduler.cyclic import CyclicLR
from unison.optim.lr_scheduler.decay import ExponentialLR, MultiStepLR, StepLR
from unison.optim.lr_scheduler.one_cycle import OneCycleLR
from unison.optim.lr_scheduler.plateau import ReduceLROnPlateau
from unison.optim.lr_scheduler.ramps import ConstantLR, LinearLR, PolynomialLR

__all__ = [
    "EPOCH_DEPRECATION_WARNING",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
]

_LRScheduler = LRScheduler
"""The name of the base in PyTorch before 2.0, which many programs still subclass."""
