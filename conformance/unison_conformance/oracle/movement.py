"""Movement: every bit arrives, in its new place."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import oracle

__all__: list[str] = []


@oracle("permute")
def _permute(x: Any, *, dims: tuple[int, ...]) -> Any:
    out = np.empty([x.shape[d] for d in dims], x.dtype)
    for place in np.ndindex(x.shape):
        out[tuple(place[d] for d in dims)] = x[place]
    return out
