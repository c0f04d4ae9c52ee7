"""Core: operators, their rules, the dispatcher, the backend contract and plugin loading.

Imports the standard library and pluggy, nothing else. Start reading in `operator` (how an operator is declared),
`ops/` (the declarations), `dispatch/paths.py` (what a call does) and `backend.py` (what a backend supplies).
"""

from unison_core.backend import CONTRACT, Backend
from unison_core.devices import Device
from unison_core.dispatch.fallback import clear_fallbacks, fallback_policy, fallbacks
from unison_core.dispatch.table import explain
from unison_core.dtypes import DType
from unison_core.handle import Handle
from unison_core.modes import Mode
from unison_core.operator import Operator, Promote, Result, composite, primitive, registry
from unison_core.spec import Spec

__all__ = [
    "CONTRACT",
    "Backend",
    "DType",
    "Device",
    "Handle",
    "Mode",
    "Operator",
    "Promote",
    "Result",
    "Spec",
    "clear_fallbacks",
    "composite",
    "explain",
    "fallback_policy",
    "fallbacks",
    "primitive",
    "registry",
]
