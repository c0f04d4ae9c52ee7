"""What programs ask of one kind of device: `unison.cuda`, `unison.opencl` and `unison.accelerator` are made of it.

`Kind("opencl")` answers for every device that the backend of that name drives, `Kind(None)` for the accelerator at
hand. Themes: `which` devices there are, `streams`, `memory`. May import core, `unison.streams` and `unison.random`.
"""

import importlib
import importlib.util
from typing import Any

from unison._kind.memory import Memory
from unison._kind.streams import Streams
from unison_core import devices

__all__ = ["Kind", "get_device_module"]


class Kind(Memory, Streams):
    """All themes together."""


def get_device_module(device: Any = None) -> Any:
    """What `unison.cuda` is for cuda, for a device's kind, anybody's backend included; None: the accelerator's.

    Raises:
        RuntimeError: no backend has that name.
    """
    if device is None:
        return importlib.import_module("unison.accelerator")
    kind = devices.get(device).type
    name = f"unison.{kind}"
    found = kind != devices.HOST and importlib.util.find_spec(name) is not None
    return importlib.import_module(name) if found else Kind(kind)
