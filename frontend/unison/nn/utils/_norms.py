"""Norms of weights that the older hooks and the parametrizations share."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.nn import functional as F

__all__ = ["as_matrix", "norm_except", "power_iterations", "with_norm"]


def norm_except(weight: Tensor, dim: int | None) -> Tensor:
    """The norm over all dimensions but dim, which keep size one; the norm of all when dim is None."""
    if dim is None:
        return unison.linalg.vector_norm(weight)
    others = [other for other in range(weight.dim()) if other != dim % weight.dim()]
    return unison.linalg.vector_norm(weight, dim=others, keepdim=True) if others else weight.abs()


def with_norm(direction: Tensor, norm: Tensor, dim: int | None) -> Tensor:
    """Direction, scaled to this norm along dim."""
    return direction * (norm / norm_except(direction, dim))


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight with dimension dim as rows and all others as columns."""
    return weight.movedim(dim, 0).flatten(1)


def power_iterations(matrix: Tensor, u: Tensor, v: Tensor, count: int, eps: float, *, u_first: bool) -> None:
    """Move u and v, in place, towards the first singular vectors of matrix."""
    with unison.no_grad():
        for _ in range(count):
            if u_first:
                u.copy_(F.normalize(unison.mv(matrix, v), dim=0, eps=eps))
            v.copy_(F.normalize(unison.mv(matrix.t(), u), dim=0, eps=eps))
            if not u_first:
                u.copy_(F.normalize(unison.mv(matrix, v), dim=0, eps=eps))
