"""Operators that name the position of an element, where several elements are equal.

PyTorch leaves open which of them is named by `topk`, `kthvalue`, `mode`, `median` and, unless `stable`, by
`sort` and `argsort`; so what stands at the positions is compared.
"""

from typing import Any

import torch

__all__ = ["held"]

# Where `dim` stands among the arguments after the input.
DIM = {"argsort": 0, "kthvalue": 1, "median": 0, "mode": 0, "nanmedian": 0, "sort": 0, "topk": 1}
REDUCED = frozenset(["median", "nanmedian"])
# Each position is named once.
DISTINCT = frozenset(["argsort", "sort", "topk"])


def held(name: str, sample: Any, results: list[torch.Tensor]) -> list[torch.Tensor] | None:
    """The results of operator name with the elements at the positions, which come last, in their place.

    None if positions have to be equal, if they lie outside the input or if one is named twice.
    """
    # Without `dim`, `median` names no position.
    if name not in DIM or sample.kwargs.get("stable") or (name in REDUCED and len(results) < 2):
        return None
    given = sample.args[DIM[name] :]
    dim = sample.kwargs.get("dim", given[0] if given else -1)
    x, positions = sample.input.detach(), results[-1]
    if positions.ndim < x.ndim:
        positions = positions.unsqueeze(dim)
    x, positions = torch.atleast_1d(x, positions)
    if bool(((positions < 0) | (positions >= x.shape[dim])).any()):
        return None
    if name in DISTINCT and bool((positions.sort(dim).values.diff(dim=dim) == 0).any()):
        return None
    return [*results[:-1], torch.take_along_dim(x, positions, dim)]
