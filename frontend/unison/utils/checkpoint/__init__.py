"""Checkpointing: keep a region's inputs instead of its intermediate tensors, and compute those again in backward.

Everything in `__all__` is public. Start with `api.py`; `region.py` and `reentrant.py` are the two variants.

# Note [Two variants]
With `use_reentrant=False` the region is recorded as usual, but each tensor that its nodes save is replaced by a
placeholder. The first placeholder that backward opens runs the function again and fills the others. Every way of
differentiating works. With `use_reentrant=True` the region is one custom Function whose backward runs the function
again and then a backward of its own, so it serves `backward()` alone, and only tensors passed as direct arguments.
"""

from unison.utils.checkpoint.api import checkpoint, checkpoint_sequential, set_checkpoint_early_stop
from unison.utils.checkpoint.reentrant import CheckpointFunction, check_backward_validity, detach_variable
from unison.utils.checkpoint.region import CheckpointError, noop_context_fn

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "noop_context_fn",
    "set_checkpoint_early_stop",
]
