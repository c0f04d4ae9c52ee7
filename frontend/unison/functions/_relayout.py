"""Row-major memory on demand.

# Note [Memory order]
Backends may lay results out as suits them: convolutions leave channels last. In PyTorch such results are row-major, and
programs rely on it when they flatten them with `view`. So a tensor whose memory nobody else sees is moved to row-major
memory when a view first asks for it; nothing can tell the difference. If somebody might see the memory (a detached
alias, a NumPy array, a view), it stays where it is, and the view is refused.
"""

from __future__ import annotations

import sys
from typing import Any

from unison_core import ops, state

__all__ = ["relaid"]

# What holds an array that one tensor owns: the tensor, our local variable, and the argument of getrefcount.
_OWN = 3


def relaid(x: Any) -> bool:
    """Move x to row-major memory if nobody else can see the memory it has; whether it was done.

    A traceback counts as somebody: call it with none alive.
    """
    array = x.array
    if x.base is not None or sys.getrefcount(array) > _OWN + _saved_by_its_node(x, array):
        return False
    owner = getattr(array, "base", None)
    # The array itself, our local variable, and the argument.
    if owner is not None and sys.getrefcount(owner) > _OWN:
        return False
    del owner
    before = state.set_grad(False)
    try:
        x.array = ops.copy(x).array
    finally:
        state.set_grad(before)
    return True


def _saved_by_its_node(x: Any, array: Any) -> bool:
    """Whether the node that made x keeps the array, as its result."""
    out = getattr(x.node, "out", None)
    return out is not None and out[0] is array
