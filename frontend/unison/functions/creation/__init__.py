"""Making tensors from sizes and numbers.

`filled` (zeros, empty, full), `ranges`, `matrices` (eye, index lists, grids) and `windows`. May import core and
`unison.functions`.
"""

from unison.functions.creation.filled import (
    empty,
    empty_like,
    empty_permuted,
    empty_strided,
    finish,
    full,
    full_like,
    ones,
    ones_like,
    place,
    scalar_tensor,
    zeros,
    zeros_like,
)
from unison.functions.creation.matrices import (
    eye,
    meshgrid,
    tril_indices,
    triu_indices,
    vander,
)
from unison.functions.creation.ranges import (
    arange,
    linspace,
    logspace,
    range,
)
from unison.functions.creation.windows import (
    bartlett_window,
    blackman_window,
    hamming_window,
    hann_window,
)

__all__ = [
    "arange",
    "bartlett_window",
    "blackman_window",
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "eye",
    "finish",
    "full",
    "full_like",
    "hamming_window",
    "hann_window",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "place",
    "range",
    "scalar_tensor",
    "tril_indices",
    "triu_indices",
    "vander",
    "zeros",
    "zeros_like",
]
