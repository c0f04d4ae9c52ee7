"""Mixed precision: `autocast` runs chosen operators in a half type, `GradScaler` keeps small gradients from vanishing.

Both serve every device. May import core and the frontend's Tensor. Start reading in `autocast_mode`.
"""

from unison.amp.autocast_mode import (
    autocast,
    get_autocast_dtype,
    is_autocast_available,
    is_autocast_enabled,
)
from unison.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "get_autocast_dtype", "is_autocast_available", "is_autocast_enabled"]
