"""What normalising functions share: sizes, dimensions, `out=`, and turning things into tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

from unison_core import ops
from unison_core.dispatch import inplace
from unison_core.errors import NotSupportedError, OperatorError, dtype_names
from unison_core.handle import Handle, counter_of
from unison_core.spec import numel, wrap_dim

__all__ = [
    "Size",
    "binary",
    "dims",
    "fill_size",
    "in_place",
    "named_like",
    "need_dtype",
    "need_tensors",
    "ops_recording",
    "overwrite",
    "refuse_overlap",
    "sizes",
    "tensor_like",
    "unary",
    "with_exact_out",
    "with_out",
    "write_exact",
    "write_out",
]


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints like torch's and counts its elements."""

    __slots__ = ()

    def numel(self) -> int:
        """The product of the lengths."""
        return numel(self)

    def __repr__(self) -> str:
        return f"unison.Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times: Any) -> Any:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """`f(2, 3)` and `f((2, 3))` alike, as plain integers.

    Raises:
        TypeError: something is not an integer.
    """
    for n in args:
        if n.__class__ is not int:
            break
    else:
        return args
    if len(args) == 1 and not isinstance(args[0], (int, Handle)) and not hasattr(args[0], "__index__"):
        args = tuple(args[0])
    for n in args:
        if n.__class__ is not int:
            return tuple(_integer(n) for n in args)
    return args


def _integer(n: Any) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"sizes are integers, but got {type(n).__name__} ({n!r})")
    return int(n.__index__())


def fill_size(shape: Sequence[int], count: int) -> tuple[int, ...]:
    """`shape` with its one -1 replaced so that it has `count` elements.

    Raises:
        RuntimeError: it cannot be, or there is more than one -1.
    """
    if -1 not in shape:
        return tuple(shape)
    if list(shape).count(-1) > 1:
        raise OperatorError("only one dimension can be inferred")
    rest = numel([n for n in shape if n != -1])
    if rest == 0:
        raise OperatorError(
            f"cannot reshape tensor of {count} elements into shape {list(shape)} because the unspecified dimension "
            "size -1 can be any value and is ambiguous"
        )
    if count % rest:
        raise OperatorError(f"shape '{list(shape)}' is invalid for input of size {count}")
    return tuple(count // rest if n == -1 else n for n in shape)


def dims(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """A dimension, several or None, counted from the front; None for all of them.

    Raises:
        IndexError: out of range.
        RuntimeError: one is named twice.
    """
    if dim is None:
        return None
    if dim.__class__ is int:
        if 0 <= dim < ndim:
            return (dim,)
        return (wrap_dim(dim, ndim),) if ndim else _none_of(wrap_dim(dim, ndim))
    if hasattr(dim, "__index__"):
        return dims(dim.__index__(), ndim)
    wrapped = tuple(wrap_dim(int(d), ndim) for d in dim)
    if len(set(wrapped)) != len(wrapped):
        raise OperatorError(f"dim {list(dim)} appears multiple times in the list of dims")
    if not ndim:
        return None
    return wrapped or None


def _none_of(_: int) -> None:
    return None


def tensor_like(value: Any, like: Any) -> Any:
    """value as a tensor: itself, or a number on like's device, in like's dtype if that is of its category or above.

    Raises:
        RuntimeError: an integer does not fit like's dtype.
    """
    if isinstance(value, Handle):
        return value
    from unison_core import dtypes
    from unison_core.dispatch.promotion import constant

    return constant(value, dtypes.scalar_dtype(dtypes.category_of_scalar(value), like.dtype), like.device)


def write_out(out: Any, result: Any) -> Any:
    """What `out=` does: resize an empty `out`, write the result into it and return it.

    Raises:
        RuntimeError: the result cannot be cast to out's dtype, or recording is on for out.
    """
    from unison_core.dtypes import can_cast

    if isinstance(result, tuple):
        return type(result)(*(write_out(o, r) for o, r in zip(out, result, strict=True)))
    if out.tracked or (result.tracked and ops_recording()):
        raise OperatorError(
            "functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if not can_cast(result.dtype, out.dtype):
        raise OperatorError(
            f"result type {result.dtype.name} can't be cast to the desired output type {out.dtype.name}"
        )
    inplace.refuse_repeats("out=", out)
    if out.device is not result.device:
        raise OperatorError(f"expected out to be on {result.device}, but it is on {out.device}")
    if out.shape != result.shape:
        fresh = ops.cast(result, dtype=out.dtype)
        out.array = fresh.array
        counter_of(out)[0] += 1
        return out
    return inplace.assign(out, result)


def write_exact(out: Any, result: Any) -> Any:
    """`write_out` of functions that convert nothing.

    Raises:
        RuntimeError: out has another dtype than the result.
    """
    pairs = zip(out, result, strict=True) if isinstance(result, tuple) else ((out, result),)
    for place, part in pairs:
        if place.dtype is not part.dtype:
            raise OperatorError(
                f"Expected out tensor to have dtype {part.dtype.name}, but got {place.dtype.name} instead"
            )
    return write_out(out, result)


def refuse_overlap(out: Any, *inputs: Any) -> None:
    """Refuse an `out` that lies in the memory of an input, for functions that may not work in place.

    Raises:
        RuntimeError: as said; of tensors that share a storage those are refused whose reaches meet.
    """
    for x in inputs:
        if out is not None and (x is out or (x.counter is not None and x.counter is out.counter)):
            (low, high), (first, last) = _reach(out), _reach(x)
            if low <= last and first <= high:
                raise OperatorError(
                    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a "
                    f"single memory location (input {list(x.shape)}, out {list(out.shape)}); clone() one of them"
                )


def _reach(x: Any) -> tuple[int, int]:
    """The places in its storage of a tensor's first and last element."""
    start = x.device.backend.offset(x.array)
    steps = zip(x.array.shape, x.device.backend.strides(x.array), strict=True)
    return start, start + sum((n - 1) * step for n, step in steps if n)


def ops_recording() -> bool:
    """Whether this thread records."""
    from unison_core import state

    return state.grad_enabled()


def unary(operator: Any, *, exact: bool = False) -> Callable[..., Any]:
    """The torch-shaped function of an operator of one tensor: `f(input, *, out=None)`; exact: out has its dtype."""
    write = write_exact if exact else write_out

    def call(input: Any, *, out: Any = None) -> Any:
        result = operator(input)
        return result if out is None else write(out, result)

    return named_like(call, operator)


def binary(operator: Any, *, tensors: int = 0) -> Callable[..., Any]:
    """The torch-shaped function of an operator of two: `f(input, other, *, out=None)`.

    The first `tensors` arguments must be tensors, as torch has it; the others may be numbers.
    """
    name = operator.__name__

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        if tensors:
            need_tensors(name, input=input, **({"other": other} if tensors == 2 else {}))
        result = operator(input, other)
        return result if out is None else write_out(out, result)

    return named_like(call, operator)


def need_tensors(function: str, **arguments: Any) -> None:
    """Refuse arguments that are not tensors.

    Raises:
        TypeError: as said, naming the first.
    """
    for name, value in arguments.items():
        if not isinstance(value, Handle):
            raise TypeError(f"{function}(): argument '{name}' must be Tensor, not {type(value).__name__}")


def need_dtype(function: str, allowed: Collection[Any], *tensors: Any) -> None:
    """Refuse tensors of other dtypes than the allowed ones.

    Raises:
        NotImplementedError: as said, naming the first.
    """
    for x in tensors:
        if x.dtype not in allowed:
            raise NotSupportedError(
                f"{function}() is not implemented for {x.dtype.name}; it takes {dtype_names(allowed)}: convert the "
                "tensor with .to(dtype)"
            )


def with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function the keyword `out=`."""

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result if out is None else write_out(out, result)

    return call


def with_exact_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `with_out`, of functions that convert nothing."""

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result if out is None else write_exact(out, result)

    return call


def named_like(function: Callable[..., Any], other: Any, name: str = "") -> Callable[..., Any]:
    """function under the name and docstring of another."""
    function.__name__ = function.__qualname__ = name or other.__name__
    function.__doc__ = other.__doc__
    return function


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of a function: computes it, writes the result into the first argument and returns that.

    While gradients flow it computes on a copy: what the rules save of the old value must survive the write.
    """
    name = function.__name__

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        inplace.check_target(name, self)
        tracked = ops_recording() and (self.tracked or any(isinstance(a, Handle) and a.tracked for a in args))
        result = function(ops.copy(self) if tracked else self, *args, **kwargs)
        return overwrite(self, result, name)

    call.__name__ = call.__qualname__ = name + "_"
    call.__doc__ = f"In-place version of {name}: writes the result into the tensor and returns it."
    return call


def overwrite(target: Any, result: Any, name: str) -> Any:
    """Write the result of an in-place function into its tensor.

    Raises:
        RuntimeError: the result has another shape, or a dtype of a higher category.
    """
    from unison_core.dtypes import can_cast

    if not can_cast(result.dtype, target.dtype):
        raise OperatorError(
            f"result type {result.dtype.name} can't be cast to the desired output type {target.dtype.name} "
            f"(in-place {name}_)"
        )
    if result.array.shape != target.array.shape:
        raise OperatorError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)} "
            f"of in-place {name}_"
        )
    return inplace.assign(target, result)
