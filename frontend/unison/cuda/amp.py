"""`torch.cuda.amp`, the names that `unison.amp` had before it served every device."""

from __future__ import annotations

from typing import Any

from unison import amp
from unison.amp import GradScaler

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """`unison.amp.autocast` for cuda."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)
