"""Plugins: how backends, overlays and operators are found, loaded and, if need be, quarantined.

Start reading in `hooks` (what a plugin may provide), then `loading`. Entry points name light modules: importing
one must not import an array library. May import core; nothing outside the standard library but pluggy.
"""

from unison_core.plugins.hooks import BackendManifest, Overlay, hookimpl
from unison_core.plugins.loading import (
    BackendRecord,
    backends,
    load,
    loaded,
    overlays,
    register,
    require,
    taking,
    unregister,
)

__all__ = [
    "BackendManifest",
    "BackendRecord",
    "Overlay",
    "backends",
    "hookimpl",
    "load",
    "loaded",
    "overlays",
    "register",
    "require",
    "taking",
    "unregister",
]
