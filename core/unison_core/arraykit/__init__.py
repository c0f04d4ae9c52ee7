"""The array kit: every primitive on a NumPy-like namespace, so that a backend is the namespace and what differs.

`kernels(xp)` gives the table of all themes; each module holds one theme as a class whose methods are named like the
operators. Kernels see arrays of settled dtypes (see `dispatch.promotion`) and check what the library would let
pass. Imports core only: the namespace comes as an argument.
"""

from unison_core.arraykit.kit import ArrayKit, kernels
from unison_core.arraykit.movement import Movement
from unison_core.arraykit.reduction import Reduction

__all__ = ["ArrayKit", "Movement", "Reduction", "kernels"]
