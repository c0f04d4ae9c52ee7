"""Between tensors and the host: numbers, nested lists, NumPy arrays, other devices and dtypes."""

from __future__ import annotations

from typing import Any

from unison.functions import dlpack
from unison.functions.creation import finish
from unison_core import devices, dtypes, handle, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError, OperatorValueError
from unison_core.handle import Handle, wrap

__all__ = ["as_tensor", "asarray", "from_numpy", "tensor"]


def tensor(
    data: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A new leaf tensor with a copy of data: a number, nested sequences, a NumPy array, a tensor, or another
    library's array (by DLPack or `__cuda_array_interface__`), which stays on its device unless one is named.

    Raises:
        ValueError: the sequences are not rectangular.
        TypeError: an element is not a number.
    """
    if isinstance(data, Handle):
        source = ops.copy(handle.alias(data))
    else:
        source = _from_data(data, dtype, copy=True)
    return finish(_placed(source, dtype, device, data), requires_grad, pin_memory=pin_memory)


def _placed(t: Any, dtype: DType | None, device: Any, data: Any) -> Any:
    if dtype is not None and t.dtype is not dtype:
        t = ops.cast(t, dtype=dtype)
    target = devices.canonical(device) if device is not None else None
    if target is None and t.device.is_host and not isinstance(data, Handle):
        target = devices.canonical(None)
    return t if target is None or t.device is target else ops.to_device(t, device=target)


def _from_data(data: Any, dtype: DType | None, *, copy: bool) -> Any:
    import numpy as np

    host = devices.host()
    if isinstance(data, np.ndarray):
        return wrap(_supported(np, data, copy), host)
    if isinstance(data, (bool, int, float, complex)) and not isinstance(data, np.generic):
        kind = dtype or dtypes.scalar_dtype(dtypes.category_of_scalar(data))
        return wrap(_number(data, kind, host), host)
    if isinstance(data, np.generic):
        return wrap(_supported(np, np.asarray(data), True), host)
    found = _foreign(data)
    if found is not None:
        return ops.copy(found)
    return wrap(_from_sequence(np, data, dtype, host), host)


def _number(value: Any, kind: DType, host: Any) -> Any:
    """A 0-d array of a Python number.

    Raises:
        ValueError: an integer has more than 64 bits.
        RuntimeError: it does not fit the dtype.
    """
    try:
        return host.backend.scalar(value, kind, host)
    except OverflowError:
        if not -(2**63) <= value < 2**63:
            raise OperatorValueError(
                f"Overflow when unpacking long long: {value} has more than 64 bits"
            ) from None
        if kind is dtypes.uint8 and -255 <= value < 0:
            return host.backend.scalar(value % 256, kind, host)
        raise OperatorError(
            f"value {value} cannot be converted to type {kind.name} without overflow"
        ) from None


def _supported(np: Any, array: Any, copy: bool) -> Any:
    """A NumPy array of a dtype that tensors have, in the machine's byte order, with strides that are not negative."""
    native = array.dtype.newbyteorder("=")
    if (native.kind == "u" and native.itemsize > 1) or native.name not in dtypes.BY_NAME:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The supported types are: {', '.join(dtypes.BY_NAME)}."
        )
    if native != array.dtype:
        array, copy = array.astype(native), False
    native = devices.host().backend.native(dtypes.BY_NAME[native.name])
    if array.dtype is not native:
        array = array.view(native)
    if any(s < 0 for s in array.strides) and not copy:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array with array.copy().)"
        )
    return np.array(array, order="C") if copy else array


def _from_sequence(np: Any, data: Any, dtype: DType | None, host: Any) -> Any:
    flat: list[Any] = []
    shape = _flatten(data, flat, 0)
    category = dtypes.Category.BOOL if flat else dtypes.Category.FLOATING
    widest: DType | None = None
    for i, v in enumerate(flat):
        if isinstance(v, Handle):
            widest = v.dtype if widest is None else dtypes.promote(widest, v.dtype)
            flat[i] = v.item()
        elif isinstance(v, np.generic):
            own = dtypes.BY_NAME.get(v.dtype.name)
            if own is not None and not isinstance(v, (float, complex)):
                widest = own if widest is None else dtypes.promote(widest, own)
            flat[i] = v.item()
        category = max(category, dtypes.category_of_scalar(flat[i]))
    kind = dtype or (widest if widest and widest.category >= category else dtypes.scalar_dtype(category))
    if kind.category < dtypes.Category.COMPLEX and category is dtypes.Category.COMPLEX:
        raise TypeError(f"can't convert complex numbers to {kind.name}")
    native = host.backend.native(kind)
    if kind in dtypes.INTEGER and category > dtypes.Category.INTEGER:
        flat = [int(v) for v in flat]
    try:
        return np.array(flat, dtype=native).reshape(shape)
    except OverflowError:
        return np.array([_number(v, kind, host) for v in flat], dtype=native).reshape(shape)


def _flatten(data: Any, flat: list[Any], depth: int) -> tuple[int, ...]:
    """Append the numbers of nested sequences to `flat`; returns the shape."""
    if isinstance(data, Handle) and data.ndim:
        data = list(data)
    if hasattr(data, "dtype") and getattr(data, "shape", ()) and not isinstance(data, Handle):
        data = list(data)
    if isinstance(data, (str, bytes)) or not hasattr(data, "__len__") or isinstance(data, Handle):
        if isinstance(data, (str, bytes)):
            raise TypeError(f"new(): invalid data type {type(data).__name__!r}")
        if not isinstance(data, (bool, int, float, complex, Handle)) and not hasattr(data, "item"):
            raise TypeError(f"tensors are made of numbers, but got {type(data).__name__}")
        flat.append(data)
        return ()
    shapes = [_flatten(item, flat, depth + 1) for item in data]
    for i, s in enumerate(shapes):
        if s != shapes[0]:
            raise ValueError(
                f"expected sequence of length {shapes[0][0] if shapes[0] else 1} at dim {depth + 1} "
                f"(got {s[0] if s else 1}) in item {i}: nested sequences must be rectangular"
            )
    return (len(shapes), *(shapes[0] if shapes else ()))


def from_numpy(ndarray: Any) -> Any:
    """A tensor on the host that shares the array's memory: writes are seen by both.

    Raises:
        TypeError: not a NumPy array, or of a dtype that tensors do not have.
        ValueError: it has negative strides.
    """
    import numpy as np

    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return wrap(_own_storage(np, _supported(np, ndarray, copy=False)), devices.host())


def _own_storage(np: Any, array: Any) -> Any:
    """The array, cut off from what it is part of: its storage is the memory between its first and last element."""
    if array.base is None or not array.size:
        return array
    reach = sum((n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)) + array.itemsize
    return np.ndarray(array.shape, array.dtype, np.asarray(_Extent(array, reach)), 0, array.strides)


class _Extent:
    """The first bytes of an array, as NumPy's array protocol tells them; keeps the array alive."""

    def __init__(self, array: Any, count: int) -> None:
        self.array = array
        place = array.__array_interface__["data"]
        self.__array_interface__ = {"data": place, "shape": (count,), "typestr": "|u1", "version": 3}


def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Any:
    """data as a tensor, sharing memory where that is possible; a tensor keeps its place in the graph.

    Shared is the memory of NumPy's arrays, and of other libraries' on every device whose backend takes it, by DLPack
    or `__cuda_array_interface__`; they stay on their device unless one is named.
    """
    if isinstance(data, Handle):
        return data.to(device=device, dtype=dtype)
    import numpy as np

    if isinstance(data, np.ndarray):
        return _placed(from_numpy(data), dtype, device, data)
    found = _foreign(data)
    if found is not None:
        return _placed(found, dtype, device, data)
    return tensor(data, dtype=dtype, device=device)


def _foreign(data: Any) -> Any:
    """A tensor on the memory of another library's array; None for anything else."""
    return None if isinstance(data, (bool, int, float, complex, list, tuple)) else dlpack.shared(data)


def asarray(
    obj: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Any:
    """obj as a tensor; copy=True copies, copy=False raises where a copy would be needed.

    Raises:
        ValueError: copy=False, but a copy is needed.
    """
    if copy:
        out = (
            tensor(obj, dtype=dtype, device=device)
            if not isinstance(obj, Handle)
            else as_tensor(obj, dtype, device).clone()
        )
    else:
        out = as_tensor(obj, dtype, device)
        if copy is False and not _shares(out, obj):
            raise ValueError(
                f"can't alias {type(obj).__name__} with the dtype and device asked for; allow a copy"
            )
    if requires_grad:
        out = out.detach()
        out.requires_grad_()
    return out


def _shares(t: Any, obj: Any) -> bool:
    import numpy as np

    if t is obj or isinstance(obj, np.ndarray):
        return t is obj or np.shares_memory(t.array, obj)
    found = _foreign(obj)
    return found is not None and found.device is t.device and found.data_ptr() == t.data_ptr()
