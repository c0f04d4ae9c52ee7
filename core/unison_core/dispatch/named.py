"""The call paths of operators with few attributes, which take them by name.

# Note [Named attributes]
A path that takes `**attrs` packs its attributes into a dictionary and unpacks them again for the kernel, which costs
as much as the arithmetic of a small operator. So the paths for up to three attributes are written out here with
placeholders for their names, and `named` makes copies of their code that have the operator's own. They serve ordinary
calls; what needs another dtype or a body leaves for `general`, the path of `dispatch.paths` that takes any attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from unison_core import handle, modes, state
from unison_core.devices import Device, canonical
from unison_core.dispatch.failure import failure, refuse_dtype
from unison_core.dispatch.paths import unusual_result
from unison_core.dispatch.promotion import INEXACT
from unison_core.errors import UnisonError

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["attributed", "creation", "variadic", "view"]

Call = Callable[..., Any]
_new = object.__new__
_PLACEHOLDERS = ("_1", "_2", "_3")


def _named(op: Operator, call: Any) -> Call:
    """`call` with the operator's attributes, and their defaults, in place of the placeholders."""
    names = dict(zip(_PLACEHOLDERS, op.attributes, strict=False))

    def renamed(value: Any) -> Any:
        if value.__class__ is tuple:
            return tuple([renamed(v) for v in value])
        return names.get(value, value) if value.__class__ is str else value

    code = call.__code__
    code = code.replace(
        co_name=op.name,
        co_qualname=op.name,
        co_varnames=renamed(code.co_varnames),
        co_consts=renamed(code.co_consts),
    )
    path = FunctionType(code, call.__globals__, op.name, None, call.__closure__)
    path.__kwdefaults__ = dict(op.defaults)
    return path


def attributed(op: Operator, watched: bool, general: Call) -> Call:
    """One tensor and one or two attributes."""
    return (_attributed_one if len(op.attributes) == 1 else _attributed_two)(op, watched, general)


def _attributed_one(op: Operator, watched: bool, general: Call) -> Call:
    table, differentiable, body = op.table, op.differentiable, op.body is not None
    choosy, ready = op.choosy, op.ready

    def one(x: Any, /, *, _1: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), {"_1": _1})
        try:
            device = x.device
            array = x.array
            if (choosy and array.dtype not in ready) or (body and op.vjp is None):
                return general(x, _1=_1)
            result = table[device](array, _1=_1)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), {"_1": _1}, error) from error
        if result.__class__ is not device.array_class:
            return unusual_result(op, (x,), {"_1": _1}, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if (
            (x.tracked or (x.base is not None and state.refresh(x)))
            and differentiable
            and result.dtype in INEXACT
        ):
            state.record(op, (x,), {"_1": _1}, out)
        return out

    return _named(op, one)


def _attributed_two(op: Operator, watched: bool, general: Call) -> Call:
    table, differentiable, body = op.table, op.differentiable, op.body is not None
    choosy, ready = op.choosy, op.ready

    def two(x: Any, /, *, _1: Any, _2: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), {"_1": _1, "_2": _2})
        try:
            device = x.device
            array = x.array
            if (choosy and array.dtype not in ready) or (body and op.vjp is None):
                return general(x, _1=_1, _2=_2)
            result = table[device](array, _1=_1, _2=_2)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), {"_1": _1, "_2": _2}, error) from error
        if result.__class__ is not device.array_class:
            return unusual_result(op, (x,), {"_1": _1, "_2": _2}, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if (
            (x.tracked or (x.base is not None and state.refresh(x)))
            and differentiable
            and result.dtype in INEXACT
        ):
            state.record(op, (x,), {"_1": _1, "_2": _2}, out)
        return out

    return _named(op, two)


def view(op: Operator, watched: bool) -> Call:
    """One tensor and one attribute; the result aliases it (Note [Views] in the frontend's autograd)."""
    table, choosy, ready = op.table, op.choosy, op.ready

    def one(x: Any, /, *, _1: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), {"_1": _1})
        try:
            device = x.device
            if choosy and x.array.dtype not in ready:
                refuse_dtype()
            result = table[device](x.array, _1=_1)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), {"_1": _1}, error) from error
        counter = x.counter
        if counter is None:
            counter = x.counter = [0]
        attrs = {"_1": _1}
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = counter
        out.base = (x, op, attrs, counter[0])
        out.node = None
        out.tracked = False
        if x.tracked or (x.base is not None and state.refresh(x)):
            state.record(op, (x,), attrs, out)
        return out

    return _named(op, one)


def variadic(  # noqa: C901 - written out: it runs per operator call
    op: Operator, watched: bool, general: Call
) -> Call:
    """Any number of tensors and one attribute."""
    table, differentiable, body = op.table, op.differentiable, op.body is not None
    choosy, ready = op.choosy, op.ready

    def one(*inputs: Any, _1: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, inputs, {"_1": _1})
        try:
            first = inputs[0]
            device, dtype = first.device, first.array.dtype
            tracked = first.tracked or (first.base is not None and state.refresh(first))
            if (choosy and dtype not in ready) or (body and op.vjp is None):
                return general(*inputs, _1=_1)
            if len(inputs) == 2:
                # The usual number: a list of the arrays costs as much as the rest.
                second = inputs[1]
                array = second.array
                if array.dtype is not dtype or second.device is not device:
                    return general(*inputs, _1=_1)
                tracked = tracked or second.tracked or (second.base is not None and state.refresh(second))
                result = table[device](first.array, array, _1=_1)
            else:
                arrays = []
                for x in inputs:
                    array = x.array
                    if array.dtype is not dtype or x.device is not device:
                        return general(*inputs, _1=_1)
                    if x.tracked or (x.base is not None and state.refresh(x)):
                        tracked = True
                    arrays.append(array)
                result = table[device](*arrays, _1=_1)
        except UnisonError:
            raise
        except Exception:  # noqa: BLE001 - an input may be None or a number; the general path knows, or says so
            return general(*inputs, _1=_1)
        if result.__class__ is not device.array_class:
            return unusual_result(op, inputs, {"_1": _1}, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if tracked and differentiable and result.dtype in INEXACT:
            state.record(op, inputs, {"_1": _1}, out)
        return out

    return _named(op, one)


def creation(op: Operator, watched: bool) -> Call:
    """No tensors: two or three attributes and the device."""
    table = op.table

    def two(*, device: Any, _1: Any, _2: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (), {"_1": _1, "_2": _2, "device": device})
        device = device if device.__class__ is Device and device.settled else canonical(device)
        try:
            result = table[device](_1=_1, _2=_2, device=device)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (), {"_1": _1, "_2": _2, "device": device}, error) from error
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        return out

    def three(*, device: Any, _1: Any, _2: Any, _3: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (), {"_1": _1, "_2": _2, "_3": _3, "device": device})
        device = device if device.__class__ is Device and device.settled else canonical(device)
        try:
            result = table[device](_1=_1, _2=_2, _3=_3, device=device)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (), {"_1": _1, "_2": _2, "_3": _3, "device": device}, error) from error
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        return out

    return _named(op, two if len(op.attributes) == 2 else three)
