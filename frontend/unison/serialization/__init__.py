"""Tensors on disk: `save` and `load` in PyTorch's zip format, and safetensors.

May be imported from outside: the names in `__all__`, the module `unison.serialization.safetensors`, and, for
Tensor alone, `_copy_tensor`, `_deepcopy_tensor` and `_reduce_tensor`. Nothing here knows a device; tensors are
exchanged with NumPy through `_host.py`. Start reading at `_save.py` and `_load.py`; what a file may ask for when
it is loaded is the table in `_globals.py`, and `_unpickler.py` is what obeys it.
"""

from unison.serialization._copying import copy_tensor as _copy_tensor
from unison.serialization._copying import deepcopy_tensor as _deepcopy_tensor
from unison.serialization._copying import reduce_tensor as _reduce_tensor
from unison.serialization._globals import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from unison.serialization._load import load
from unison.serialization._save import save

__all__ = [
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "safe_globals",
    "save",
]
