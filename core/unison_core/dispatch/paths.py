"""The call paths: what runs when an operator is called, one closure per operator.

# Note [Call paths]
A small eager operator must cost less than PyTorch's. So a path is a closure over its operator's kernel table,
written out by hand for each arity: slots are read and stored directly, the ordinary case is checked first, and
everything unusual (a mode, mixed dtypes, Python numbers, results that are not plain arrays, an exception) leaves
for a slower function at one test. Nothing here allocates but the result tensor. A composite without a gradient
rule of its own runs its body while recording, so that the operators inside record themselves.

What dtypes an operator's kernels take unpromoted is a set of native ones (`op.ready`). Others are promoted or refused
here, since libraries would answer: NumPy orders complex numbers. Operators of all dtypes skip the look.

The test `out.__class__ is not device.array_class` catches tuples and the scalars NumPy makes of 0-d results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import handle, modes, state
from unison_core.dispatch.failure import failure, refuse_dtype
from unison_core.dispatch.promotion import INEXACT, plain, settle
from unison_core.errors import KernelError, UnisonError
from unison_core.handle import Handle, Repeated, wrap

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["binary", "make", "reflected", "unusual_result"]

Call = Callable[..., Any]
_new = object.__new__


def make(op: Operator, *, watched: bool) -> Call:
    """The call path of `op`; `watched` paths ask the modes first."""
    from unison_core.operator import Arity, Promote

    if op.arity is Arity.BINARY and op.promote is Promote.NONE:
        return nary(op, watched)
    by_arity = {
        Arity.UNARY: unary,
        Arity.BINARY: binary,
        Arity.ATTRIBUTED: attributed,
        Arity.VIEW: view,
        Arity.CREATION: creation,
        Arity.TRANSFER: transfer,
        Arity.WRITING: writing,
    }
    general = by_arity.get(op.arity, nary)(op, watched)
    return _by_name(op, watched, general) or general


def _by_name(op: Operator, watched: bool, general: Call) -> Call | None:
    """The path for the operator's few attributes (Note [Named attributes]), if there is one."""
    from unison_core.dispatch import named
    from unison_core.operator import Arity

    arity, count = op.arity, len(op.attributes)
    if arity is Arity.ATTRIBUTED and count in (1, 2):
        return named.attributed(op, watched, general)
    if arity is Arity.VIEW and count == 1:
        return named.view(op, watched)
    if arity is Arity.NARY and op.variadic and len(op.data) == 1 and count == 1:
        return named.variadic(op, watched, general)
    if arity is Arity.CREATION and count in (2, 3):
        return named.creation(op, watched)
    return None


def unary(op: Operator, watched: bool) -> Call:
    """One tensor, no attributes."""
    table, differentiable, body, choosy, ready = op.table, op.differentiable, op.body, op.choosy, op.ready

    def call(x: Any, /) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), {})
        try:
            device = x.device
            array = x.array
            if choosy and array.dtype not in ready:
                return call(*_promoted(op, x))
            if body is not None and x.tracked and op.vjp is None and state.grad_enabled():
                return body(x)
            result = table[device](array)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), {}, error) from error
        if result.__class__ is not device.array_class:
            return unusual_result(op, (x,), {}, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if differentiable and (x.tracked or (x.base is not None and state.refresh(x))):
            state.record(op, (x,), None, out)
        return out

    return call


def _promoted(op: Operator, x: Any) -> tuple[Any, ...]:
    """x in a dtype that the operator's kernels take.

    Raises:
        TypeError: there is none.
    """
    settled = settle(op, (x,))
    if settled[0] is x:
        refuse_dtype()
    return settled


def binary(op: Operator, watched: bool, foreign: Call | None = None) -> Call:
    """Two tensors, or a tensor and a Python number. What is neither goes to `foreign(a, b)` or is an error."""
    table, differentiable, body, choosy, ready = op.table, op.differentiable, op.body, op.choosy, op.ready

    def call(a: Any, b: Any, /) -> Any:
        if watched and state.modes_active:
            if _is_foreign(a, b):
                a, b = plain(a), plain(b)
                if foreign is not None and _is_foreign(a, b):
                    return foreign(a, b)
            return modes.through(op, (a, b), {})
        try:
            device = a.device
            x = a.array
            dtype = x.dtype
            cls = b.__class__
            if cls is float or cls is int:
                number = device.constants.get((b, cls, dtype))
                if number is None:
                    return call(*settle(op, (a, b)))
                b = number
            y = b.array
            if b.device is not device or y.dtype is not dtype or (choosy and dtype not in ready):
                settled = settle(op, (a, b))
                if settled[0] is not a or settled[1] is not b:
                    return call(*settled)
                if dtype not in ready:
                    refuse_dtype()
            if body is not None and op.vjp is None and (a.tracked or b.tracked) and state.grad_enabled():
                return body(a, b)
            result = table[device](x, y)
        except UnisonError:
            raise
        except Exception as error:
            return _binary_again(op, call, a, b, foreign, error)
        if result.__class__ is not device.array_class:
            return unusual_result(op, (a, b), {}, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if differentiable and (
            a.tracked
            or b.tracked
            or (a.base is not None and state.refresh(a))
            or (b.base is not None and state.refresh(b))
        ):
            state.record(op, (a, b), None, out)
        return out

    return call


def reflected(call: Call) -> Call:
    """`call` of a binary operator with its operands exchanged: what Python asks of a tensor on the right."""

    def exchanged(b: Any, a: Any, /) -> Any:
        if a.__class__ in (float, int) and not state.modes_active:
            number = b.device.constants.get((a, a.__class__, b.array.dtype))
            if number is not None:
                a = number
        return call(a, b)

    return exchanged


_KNOWN = (Handle, bool, int, float, complex)


def _is_foreign(a: Any, b: Any) -> bool:
    return not (isinstance(a, _KNOWN) and isinstance(b, _KNOWN))


def _binary_again(op: Operator, call: Call, a: Any, b: Any, foreign: Call | None, error: Exception) -> Any:
    """The path failed: because an operand is a number or foreign, or because the kernel raised."""
    numbers = (bool, int, float, complex)
    if _is_foreign(a, b):
        plain_a, plain_b = plain(a), plain(b)
        if plain_a is not a or plain_b is not b:
            return call(plain_a, plain_b)
        if foreign is not None:
            return foreign(a, b)
    elif isinstance(a, numbers) or isinstance(b, numbers):
        return call(*settle(op, (a, b)))
    raise failure(op, (a, b), {}, error) from error


def attributed(op: Operator, watched: bool) -> Call:
    """One tensor and attributes."""
    table, differentiable, defaults, attributes = op.table, op.differentiable, op.defaults, len(op.attributes)
    body, choosy, ready = op.body, op.choosy, op.ready

    def call(x: Any, /, **attrs: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), attrs)
        if len(attrs) != attributes:
            attrs = {**defaults, **attrs} if attrs else defaults
        try:
            device = x.device
            array = x.array
            if choosy and array.dtype not in ready:
                return call(*_promoted(op, x), **attrs)
            tracked = x.tracked or (x.base is not None and state.refresh(x))
            if body is not None and tracked and op.vjp is None and state.grad_enabled():
                return body(x, **attrs)
            result = table[device](array, **attrs)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), attrs, error) from error
        if result.__class__ is not device.array_class:
            return unusual_result(op, (x,), attrs, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if tracked and differentiable and result.dtype in INEXACT:
            state.record(op, (x,), attrs, out)
        return out

    return call


def nary(op: Operator, watched: bool) -> Call:
    """Any number of tensors (None where optional) and attributes."""
    from unison_core.operator import Promote

    table, differentiable, defaults, attributes = op.table, op.differentiable, op.defaults, len(op.attributes)
    body, choosy, ready = op.body, op.choosy, op.ready
    promotes = op.promote is not Promote.NONE

    def call(*inputs: Any, **attrs: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, inputs, attrs)
        if len(attrs) != attributes:
            attrs = {**defaults, **attrs} if attrs else defaults
        try:
            first = inputs[0]
            device = first.device
            dtype = first.array.dtype
            tracked = False
            arrays: list[Any] = []
            odd = choosy and dtype not in ready
            for x in inputs:
                if x is None:
                    arrays.append(None)
                    continue
                array = x.array
                arrays.append(array)
                if x.tracked or (x.base is not None and state.refresh(x)):
                    tracked = True
                if x.device is not device or (promotes and array.dtype is not dtype):
                    odd = True
            if odd:
                settled = settle(op, inputs)
                if any(s is not x for s, x in zip(settled, inputs, strict=True)):
                    return call(*settled, **attrs)
                if dtype not in ready:
                    refuse_dtype()
            if body is not None and tracked and op.vjp is None and state.grad_enabled():
                return body(*inputs, **attrs)
            result = table[device](*arrays, **attrs)
        except UnisonError:
            raise
        except Exception as error:
            numbers = tuple(map(plain, inputs))
            if any(isinstance(x, (bool, int, float, complex)) for x in numbers):
                return call(*settle(op, numbers), **attrs)
            raise failure(op, inputs, attrs, error) from error
        if result.__class__ is not device.array_class:
            return unusual_result(op, inputs, attrs, result, device)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        if tracked and differentiable and result.dtype in INEXACT:
            state.record(op, inputs, attrs, out)
        return out

    return call


def view(op: Operator, watched: bool) -> Call:
    """One tensor and attributes; the result aliases it (Note [Views] in the frontend's autograd)."""
    table, defaults, attributes = op.table, op.defaults, len(op.attributes)
    choosy, ready = op.choosy, op.ready

    def call(x: Any, /, **attrs: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), attrs)
        if len(attrs) != attributes:
            attrs = {**defaults, **attrs} if attrs else defaults
        try:
            device = x.device
            if choosy and x.array.dtype not in ready:
                refuse_dtype()
            result = table[device](x.array, **attrs)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), attrs, error) from error
        counter = x.counter
        if counter is None:
            counter = x.counter = [0]
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

    return call


def creation(op: Operator, watched: bool) -> Call:
    """No tensors: attributes and the device."""
    from unison_core.devices import canonical

    table, defaults, attributes = op.table, op.defaults, len(op.attributes)

    def call(*, device: Any, **attrs: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (), {**attrs, "device": device})
        if len(attrs) != attributes:
            attrs = {**defaults, **attrs}
        device = canonical(device)
        try:
            result = table[device](device=device, **attrs)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (), {**attrs, "device": device}, error) from error
        if result.__class__ is tuple:
            return tuple(wrap(array, device) for array in result)
        out = _new(handle.Tensor)
        out.array = result
        out.device = device
        out.counter = out.base = out.node = None
        out.tracked = False
        return out

    return call


def writing(op: Operator, watched: bool) -> Call:
    """Tensors that the operator writes into, and attributes; returns the first (Note [Operators that write])."""
    from unison_core.dispatch.inplace import check_target

    table, defaults, attributes = op.table, op.defaults, len(op.attributes)
    choosy, ready = op.choosy, op.ready

    def call(*inputs: Any, **attrs: Any) -> Any:
        if watched and state.modes_active:
            return modes.through(op, inputs, attrs)
        if len(attrs) != attributes:
            attrs = {**defaults, **attrs} if attrs else defaults
        try:
            device = inputs[0].device
            recording = state.grad_enabled()
            for x in inputs:
                if x.device is not device:
                    settle(op, inputs)
                if x.base is not None or (recording and x.tracked) or x.counter.__class__ is Repeated:
                    check_target(op.name, x)
            if choosy and inputs[0].array.dtype not in ready:
                refuse_dtype()
            table[device](*[x.array for x in inputs], **attrs)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, inputs, attrs, error) from error
        for x in inputs:
            if x.counter is not None:
                x.counter[0] += 1
        return inputs[0]

    return call


def transfer(op: Operator, watched: bool) -> Call:
    """One tensor, to another device, through the host or by the backend's own copy between its devices."""
    from unison_core import devices

    def call(x: Any, /, *, device: Any, non_blocking: bool = False) -> Any:
        if watched and state.modes_active:
            return modes.through(op, (x,), {"device": device, "non_blocking": non_blocking})
        try:
            source, target = x.device, devices.canonical(device)
            if source.backend is target.backend:
                array = source.backend.between_devices(x.array, target)
            else:
                # What the device has not, it refuses before an array of it comes about.
                target.backend.native(x.dtype)
                send = target.backend.from_host_later if non_blocking else target.backend.from_host
                array = send(source.backend.to_host(x.array), target)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x,), {"device": device, "non_blocking": non_blocking}, error) from error
        out = wrap(array, target)
        if (x.tracked or (x.base is not None and state.refresh(x))) and array.dtype in INEXACT:
            state.record(op, (x,), {"device": target, "non_blocking": non_blocking}, out)
        return out

    return call


def unusual_result(
    op: Operator, inputs: tuple[Any, ...], attrs: dict[str, Any], result: Any, device: Any
) -> Any:
    """A tuple of arrays, or something that the backend must first make an array of (NumPy's scalars)."""
    if result.__class__ in (tuple, list):
        out: Any = tuple(
            wrap(a if a.__class__ is device.array_class else device.adopt(a), device) for a in result
        )
    elif result is None or result is NotImplemented:
        raise KernelError(f"the kernel of {op.name} on {device} returned {result}")
    else:
        out = wrap(device.adopt(result), device)
    if op.differentiable and any(x is not None and x.tracked for x in inputs):
        state.record(op, inputs, attrs or None, out)
    return out
