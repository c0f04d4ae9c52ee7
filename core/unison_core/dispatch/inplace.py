"""In-place operators: compute `op` and write the result into its first input.

# Note [In-place writes]
Nothing is written before everything is checked. The write goes straight to memory where the backend has an
in-place kernel, else through `assign`. Then the shared counter moves on, so that whoever saved the old value
notices, and the recorder gives the target its new place in the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes, state
from unison_core.dispatch.failure import failure, refuse_dtype
from unison_core.dispatch.promotion import INEXACT, plain, settle
from unison_core.errors import OperatorError, UnisonError, describe
from unison_core.handle import Handle, Repeated, counter_of, repeats

if TYPE_CHECKING:
    from unison_core.operator import Operator

__all__ = ["assign", "inplace", "mark_written", "refuse_repeats"]


def inplace(function: Any) -> Callable[..., Any]:
    """The in-place form of an operator: `inplace(ops.add)(x, y)` writes x + y into x and returns x."""
    op: Operator = function.operator
    table, composed = op.inplace_table, op.body is not None

    def call(x: Any, /, *rest: Any, **attrs: Any) -> Any:
        if state.modes_active and state.local.modes:
            return _through_modes(op, function, x, rest, attrs)
        if (x.tracked and x.node is None) or x.base is not None or x.counter.__class__ is Repeated:
            check_target(op.name, x)
        if composed and op.vjp is None and state.grad_enabled() and _may_record((x, *rest)):
            return _by_body(op, function, x, rest, attrs)
        if len(attrs) != len(op.attributes):
            attrs = {**op.defaults, **attrs}
        device, array = x.device, x.array
        try:
            inputs = _ready(op, x, rest)
            if inputs is None:
                result = (
                    function(x, *rest, **attrs) if not x.tracked else _untracked(function, x, rest, attrs)
                )
                _check_result(op, x, result)
                device.backend.assign(array, result.array)
                inputs = settle(op, (x, *rest)) if state.grad_enabled() else (x, *rest)
            else:
                if op.choosy and array.dtype not in op.ready:
                    refuse_dtype()
                table[device](
                    array, *[None if i is None else i.array for i in inputs[1:]], out=array, **attrs
                )
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x, *rest), attrs, error) from error
        counter_of(x)[0] += 1
        if op.differentiable and any(i is not None and i.tracked for i in inputs):
            state.record_write(op, x, inputs, attrs or None)
        elif x.tracked and not op.differentiable:
            state.record_write(None, x, (), None)
        return x

    path = _of_two(op, call) if len(op.data) == 2 and not op.attributes and not op.variadic else call
    path.__name__ = op.name + "_"
    path.__doc__ = f"In-place version of {op.name}: writes the result into the first input and returns it."
    return path


def _of_two(op: Operator, general: Callable[..., Any]) -> Callable[..., Any]:
    """The path of ordinary calls of a binary elementwise operator (Note [Call paths]); others take `general`."""
    if not (op.elementwise and op.same_dtype):
        return general
    table, choosy, ready = op.inplace_table, op.choosy, op.ready

    def call(x: Any, y: Any, /) -> Any:
        try:
            array, device, counter = x.array, x.device, x.counter
            dtype, cls = array.dtype, y.__class__
            number = device.constants.get((y, cls, dtype)) if cls is float or cls is int else y
            other = number.array
            if (
                x.tracked
                or x.base is not None
                or counter.__class__ is Repeated
                or number.tracked
                or number.base is not None
                or other.dtype is not dtype
                or number.device is not device
                or other.shape not in (array.shape, ())
                or (choosy and dtype not in ready)
                or state.modes_active
            ):
                return general(x, y)
        except AttributeError:
            return general(x, y)
        try:
            table[device](array, other, out=array)
        except UnisonError:
            raise
        except Exception as error:
            raise failure(op, (x, y), {}, error) from error
        if counter is None:
            x.counter = [1]
        else:
            counter[0] += 1
        return x

    return call


def _ready(op: Operator, x: Any, rest: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The settled inputs if the kernel may write straight into x: its dtype and shape are the result's."""
    from unison_core.operator import Promote

    dtype, shape = x.array.dtype, x.array.shape
    if not op.elementwise or (op.promote is Promote.FLOAT and dtype not in INEXACT):
        return None
    inputs: tuple[Any, ...] = (x, *rest)
    for y in rest:
        if y is None:
            continue
        if not isinstance(y, Handle) or y.array.dtype is not dtype or y.device is not x.device:
            inputs = settle(op, tuple(map(plain, inputs)))
            break
    for y in inputs[1:]:
        if y is not None and y.array.shape not in (shape, ()):
            return None
    same = inputs[0] is x and op.same_dtype
    return inputs if same else None


def _untracked(function: Any, x: Any, rest: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    before = state.set_grad(False)
    try:
        return function(x, *rest, **attrs)
    finally:
        state.set_grad(before)


def _through_modes(op: Operator, function: Any, x: Any, rest: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Under a mode: the ordinary operator goes through the modes, its result is assigned below them."""
    from unison_core import ops

    check_target(op.name, x)
    result = function(x, *rest, **attrs)
    _check_result(op, x, result)
    before = state.set_modes(())
    try:
        return assign(x, ops.cast(result, dtype=x.dtype) if result.dtype is not x.dtype else result)
    finally:
        state.set_modes(before)


def _may_record(inputs: tuple[Any, ...]) -> bool:
    return any(isinstance(i, Handle) and (i.tracked or i.base is not None) for i in inputs)


def _by_body(op: Operator, function: Any, x: Any, rest: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """A composite without a gradient rule of its own: the operators in its body record, x becomes their result."""
    from unison_core import ops

    result = function(x, *rest, **attrs)
    _check_result(op, x, result)
    return assign(x, ops.cast(result, dtype=x.dtype) if result.dtype is not x.dtype else result)


def check_target(name: str, x: Any) -> None:
    """Refuse to write into expanded memory; while recording also into leaves that require a gradient and their views.

    Raises:
        RuntimeError: as said, with what to do.
    """
    if x.base is not None or x.counter.__class__ is Repeated:
        refuse_repeats(f"{name}_", x)
    if not state.grad_enabled():
        return
    if x.tracked and x.node is None and x.base is None:
        raise OperatorError(
            f"a leaf Variable that requires grad is being used in an in-place operation ({name}_); "
            f"write inside `with unison.no_grad():` or work on a clone"
        )
    base = x.base
    while base is not None:
        parent = base[0]
        if parent.tracked and parent.node is None and parent.base is None:
            raise OperatorError(
                f"a view of a leaf Variable that requires grad is being used in an in-place operation ({name}_); "
                f"write inside `with unison.no_grad():` or work on a clone"
            )
        base = parent.base


def refuse_repeats(name: str, x: Any) -> None:
    """Refuse to write where elements share places in memory.

    Raises:
        RuntimeError: as said.
    """
    if repeats(x):
        raise OperatorError(
            f"unsupported operation: {name} would write to {describe([x])}, whose elements share places in "
            "memory (it was expanded); work on a clone"
        )


def _check_result(op: Operator, x: Any, result: Any) -> None:
    if not dtypes.can_cast(result.dtype, x.dtype):
        raise OperatorError(
            f"result type {result.dtype.name} can't be cast to the desired output type {x.dtype.name} "
            f"(in-place {op.name}_ on {describe([x])})"
        )
    if result.shape != x.shape:
        raise OperatorError(
            f"output with shape {list(x.shape)} doesn't match the broadcast shape {list(result.shape)} "
            f"of in-place {op.name}_"
        )


def assign(x: Any, source: Any) -> Any:
    """Write `source` (a tensor, broadcast and cast) into x: what `copy_` and item assignment do.

    Raises:
        RuntimeError: x may not be written, or the shapes do not broadcast.
    """
    from unison_core import ops

    check_target("copy", x)
    if source.device is not x.device:
        source = ops.to_device(source, device=x.device)
    try:
        x.device.backend.assign(x.array, source.array)
    except UnisonError:
        raise
    except Exception as error:
        raise OperatorError(f"cannot write {describe([source])} into {describe([x])}: {error}") from error
    mark_written(x, source)
    return x


def mark_written(x: Any, source: Any) -> None:
    """Count a write and, when gradients flow, make x's new value the copy of `source`."""
    from unison_core import ops

    counter_of(x)[0] += 1
    if x.tracked or source.tracked:
        state.record_write(ops.copy.operator, x, (x, source), None)
