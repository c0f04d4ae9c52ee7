"""A stand-in for CuPy over NumPy: it shows the backend's logic, not what a GPU computes.

As strict as CuPy where programs go wrong: an array does not turn into NumPy's by itself, functions refuse NumPy's
arrays beside it, and there is nothing here that CuPy has not (`test_standin.py` asks the real package). C kit kernels
are compiled as plain C and run on the host. `install()` puts it in the place of `cupy` in this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.backends.cuda import standin_cublas
from tests.backends.cuda.standin_streams import (
    CUDARuntimeError,
    Event,
    Stream,
    asked,
    get_current_stream,
    get_elapsed_time,
    is_pinned,
    pin,
)
from tests.core.ckit import plainc
from unison_core.errors import KernelError

__version__ = "14.0.0 (stand-in over NumPy)"


used: set[str] = set()
"""What has been asked of the module so far, as dotted names."""


class _Recording(types.ModuleType):
    """A module, or a namespace of one, that remembers what it was asked for."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if not name.startswith("__"):
            prefix = types.ModuleType.__getattribute__(self, "__name__").removeprefix("cupy").lstrip(".")
            used.add(f"{prefix}.{name}".lstrip("."))
        return found


def _space(name: str, **members: Any) -> _Recording:
    made = _Recording(f"cupy.{name}")
    vars(made).update(members)
    return made


class BaseMemory:
    """What an allocation is: address, size and device."""

    ptr: int
    size: int
    device_id: int


class _Memory(BaseMemory):
    """Memory of the host, in the pool's blocks of 512 bytes."""

    def __init__(self, size: int) -> None:
        self._owner = np.full(-(-size // 512) * 512, 0xA5, np.uint8)
        self.ptr, self.size, self.device_id = self._owner.ctypes.data, self._owner.size, 0
        _Pool.total = max(_Pool.total, self.size)


def _bytes(mem: BaseMemory) -> Any:
    """The memory, for NumPy to look at."""
    return np.frombuffer((ctypes.c_uint8 * mem.size).from_address(mem.ptr), np.uint8)


class MemoryPointer:
    """A place in memory."""

    def __init__(self, mem: BaseMemory, offset: int) -> None:
        if not isinstance(mem, BaseMemory):
            raise TypeError(
                f"Argument 'mem' has incorrect type (expected BaseMemory, got {type(mem).__name__})"
            )
        self.mem, self.ptr, self.device_id = mem, mem.ptr + offset, mem.device_id

    def copy_from_host_async(self, address: int, size: int, stream: Stream | None = None) -> None:
        asked(stream, "copy")
        ctypes.memmove(self.ptr, address, size)

    def copy_to_host_async(self, address: int, size: int, stream: Stream | None = None) -> None:
        asked(stream, "copy")
        ctypes.memmove(address, self.ptr, size)

    def copy_from_device_async(self, source: MemoryPointer, size: int, stream: Stream | None = None) -> None:
        asked(stream, "copy")
        ctypes.memmove(self.ptr, source.ptr, size)


class _Device:
    id = 0
    compute_capability = "80"

    def __init__(self, index: int = 0) -> None:
        if index:
            raise CUDARuntimeError(f"cudaErrorInvalidDevice: invalid device ordinal {index}")

    def __enter__(self) -> _Device:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def synchronize(self) -> None:
        pass


class OutOfMemoryError(MemoryError):
    """What CuPy's pool raises."""


class CompileException(Exception):  # noqa: N818 - CuPy's name
    """What CuPy's compiler raises."""


LIMIT = 2**33


def _alloc(size: int) -> MemoryPointer:
    if size > (_Pool.limit or LIMIT):
        raise OutOfMemoryError(f"Out of memory allocating {size:,} bytes")
    return MemoryPointer(_Memory(size), 0)


_allocator: list[Callable[[int], MemoryPointer]] = [_alloc]


class ndarray:
    """An array that only this module's functions look into."""

    __array_ufunc__ = None

    def __init__(
        self, shape: Any, dtype: Any = float, memptr: MemoryPointer | None = None, strides: Any = None
    ) -> None:
        dtype = np.dtype(dtype)
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if memptr is None:
            memptr = _allocator[0](max(1, int(np.prod(shape, dtype=np.int64)) * dtype.itemsize))
        mem = memptr.mem
        at = memptr.ptr - mem.ptr
        self._a = (
            np.ndarray(shape, dtype, _bytes(mem).data, at, strides)
            if 0 not in shape
            else np.empty(shape, dtype)
        )
        self._mem = mem

    @classmethod
    def _of(cls, a: Any, mem: BaseMemory | None = None) -> Any:
        """A result of NumPy as an array of the device; views keep their memory, anything else gets its own."""
        if isinstance(a, tuple):
            return tuple(cls._of(part, mem) for part in a)
        a = np.asarray(a)
        if mem is not None and a.size and np.may_share_memory(a, _bytes(mem)):
            self = cls.__new__(cls)
            self._a, self._mem = a, mem
            return self
        self = cls(a.shape, a.dtype)
        self._a[...] = a
        return self

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    nbytes = property(lambda self: self._a.nbytes)
    strides = property(lambda self: self._a.strides)
    flags = property(lambda self: self._a.flags)
    device = property(lambda self: _Device())
    real = property(lambda self: ndarray._of(self._a.real, self._mem))
    imag = property(lambda self: ndarray._of(self._a.imag, self._mem))
    T = property(lambda self: ndarray._of(self._a.T, self._mem))

    @property
    def data(self) -> MemoryPointer:
        at = self._a.__array_interface__["data"][0] - self._mem.ptr if self._a.size else 0
        return MemoryPointer(self._mem, at)

    def __getitem__(self, key: Any) -> Any:
        return ndarray._of(self._a[_inside(key)], self._mem)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._a[_inside(key)] = _inside(value)

    def __len__(self) -> int:
        return len(self._a)

    def __bool__(self) -> bool:
        return bool(self._a)

    def __int__(self) -> int:
        return int(self._a)

    def __float__(self) -> float:
        return float(self._a)


def _inside(x: Any) -> Any:
    """The NumPy array behind an argument; NumPy's own arrays are refused."""
    if isinstance(x, ndarray):
        return x._a
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError(f"Unsupported type {type(x)}: move it to the device first")
    if isinstance(x, (tuple, list)):
        return type(x)(_inside(part) for part in x)
    return x


def _call(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        memory = next((x._mem for x in args if isinstance(x, ndarray)), None)
        given = {name: _inside(value) for name, value in kwargs.items()}
        with np.errstate(all="ignore"):
            result = function(*[_inside(a) for a in args], **given)
        out = kwargs.get("out")
        if out is not None:
            return out
        return ndarray._of(result, memory) if isinstance(result, (np.ndarray, np.generic, tuple)) else result

    return call


def _method(name: str) -> Callable[..., Any]:
    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        return _call(getattr(np.ndarray, name))(self, *args, **kwargs)

    return method


METHODS = (
    *(
        "all",
        "any",
        "argmax",
        "argmin",
        "astype",
        "clip",
        "conj",
        "copy",
        "fill",
        "max",
        "min",
        "ravel",
        "repeat",
    ),
    *("reshape", "round", "sum", "swapaxes", "take", "transpose", "view"),
)
_OPERATORS = (
    *(
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
        "matmul",
    ),
    *("eq", "ne", "lt", "le", "gt", "ge", "neg", "invert", "abs"),
)
for _name in METHODS:
    setattr(ndarray, _name, _method(_name))
for _name in _OPERATORS:
    for _form in (f"__{_name}__", f"__r{_name}__", f"__i{_name}__"):
        if hasattr(np.ndarray, _form):
            setattr(ndarray, _form, _method(_form))


class ufunc:
    """A function of elements, with the methods that CuPy has too."""

    def __init__(self, inner: np.ufunc) -> None:
        self._inner, self.__name__ = inner, inner.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call(self._inner)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return _call(getattr(self._inner, name))


class RawModule:
    """Kernels of the C kit's plain C, run on the host."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()) -> None:
        self.code = code

    def get_function(self, name: str) -> Callable[..., None]:
        runtime = plainc.PlainRuntime(checks=())
        kernel = runtime.compile(self.code, name, "stand-in")

        def launch(grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
            *pointers, params = args
            asked(None, "kernel")
            buffers = [types.SimpleNamespace(address=p) for p in pointers]
            try:
                runtime.launch(kernel, *grid, *block, buffers, params.tobytes())
            except KernelError as error:
                raise CompileException(str(error)) from error

        return launch


def _array(x: Any, dtype: Any = None, *, order: str = "C", blocking: bool = False) -> ndarray:
    a = x._a if isinstance(x, ndarray) else np.asarray(x)
    out = ndarray(a.shape, a.dtype if dtype is None else dtype)
    asked(None, "copy")
    out._a[...] = a
    if blocking:
        get_current_stream().synchronize()
    return out


def _properties(index: int) -> dict[str, Any]:
    _Device(index)
    return {
        "name": b"no GPU: CuPy's stand-in",
        "major": 0,
        "minor": 0,
        "sharedMemPerBlock": 49152,
        "maxThreadsPerBlock": 1024,
        "multiProcessorCount": 1,
        "totalGlobalMem": LIMIT,
    }


class _Pool:
    """A pool that holds its largest block until it is emptied."""

    total = 0
    limit = 0

    def total_bytes(self) -> int:
        return _Pool.total

    def free_all_blocks(self) -> None:
        _Pool.total = 0

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        _Pool.limit = size or 0

    def get_limit(self) -> int:
        return _Pool.limit


ABSENT = {"vecdot"}
"""Functions of NumPy that CuPy has not, and that kernels ask for before they use them."""


def module() -> types.ModuleType:
    """The stand-in as a module named `cupy`."""
    from tests.backends.cuda import standin_exchange, standin_types

    made = _Recording("cupy", __doc__)
    for name in set(dir(np)) - ABSENT:
        value = getattr(np, name)
        if isinstance(value, np.ufunc):
            setattr(made, name, ufunc(value))
        elif isinstance(value, type) and issubclass(value, np.generic):
            setattr(made, name, value)
        elif callable(value) and not isinstance(value, type):
            setattr(made, name, _call(value))
    made.__version__ = __version__
    made.ndarray, made.ufunc, made.RawModule = ndarray, ufunc, RawModule
    made.nan, made.inf, made.pi = np.nan, np.inf, np.pi
    made.array = _array
    made.empty = lambda shape, dtype=float: ndarray(shape, dtype)
    made.asnumpy = lambda x: x._a.copy()
    made.get_default_memory_pool = _Pool
    made.get_default_pinned_memory_pool = lambda: types.SimpleNamespace(free_all_blocks=lambda: None)
    _allocator[0] = _alloc
    made.ogrid, made.dtype, made.finfo, made.iinfo = _Ogrid(), np.dtype, np.finfo, np.iinfo
    tricks = _space("lib.stride_tricks", as_strided=_call(np.lib.stride_tricks.as_strided))
    made.lib = _space("lib", stride_tricks=tricks)
    for space in ("linalg", "fft"):
        inner = getattr(np, space)
        functions = {
            n: _call(getattr(inner, n)) for n in dir(inner) if callable(getattr(inner, n)) and n[0] != "_"
        }
        setattr(made, space, _space(space, **functions))
    made._core = standin_types.space()
    runtime = _space(
        "cuda.runtime",
        getDeviceCount=lambda: 1,
        getDevice=lambda: 0,
        getDeviceProperties=_properties,
        deviceCanAccessPeer=lambda here, there: 0,
        memGetInfo=lambda: (LIMIT - _Pool.total, LIMIT),
        driverGetVersion=lambda: 12040,
        CUDARuntimeError=CUDARuntimeError,
    )
    made.cuda = _space(
        "cuda",
        alloc=lambda size: _allocator[0](size),  # noqa: PLW0108 - the one of now
        alloc_pinned_memory=pin,
        BaseMemory=BaseMemory,
        Device=_Device,
        device=_space("cuda.device", get_cublas_handle=lambda: 1),
        Event=Event,
        get_allocator=lambda: _allocator[0],
        get_current_stream=get_current_stream,
        get_elapsed_time=get_elapsed_time,
        MemoryPointer=MemoryPointer,
        pinned_memory=_space("cuda.pinned_memory", is_memory_pinned=is_pinned),
        set_allocator=lambda allocator: _allocator.__setitem__(0, allocator),
        Stream=Stream,
        runtime=runtime,
        memory=_space("cuda.memory", OutOfMemoryError=OutOfMemoryError),
        compiler=_space("cuda.compiler", CompileException=CompileException),
    )
    standin_exchange.add(made)
    return made


class _Ogrid:
    def __getitem__(self, key: Any) -> Any:
        return [ndarray._of(part) for part in np.ogrid[key]]


@contextlib.contextmanager
def installed(cudnn: types.ModuleType | None = None) -> Iterator[str]:
    """Within the block `cupy` is the stand-in and `cuda:0` a device; the kit's dialect is C.

    `cudnn` is what is given: a real one would take the host's memory for a GPU's.
    """
    from unison_core import devices, plugins
    from unison_core.dispatch.table import invalidate

    replaced = {"cudnn", "cupy", "cupy_backends", "unison_cuda", "unison_cudnn"}
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in replaced}
    sys.modules.update(cudnn=cudnn, cupy=module())  # type: ignore[arg-type]
    sys.modules.update(standin_cublas.modules())
    from unison_cuda.runtime import CudaRuntime

    CudaRuntime.dialect = "c"
    record = plugins.require("cuda")
    kept = {name: getattr(record, name) for name in ("status", "reason", "backend", "module", "manifest")}
    record.status, record.backend, record.module = "found", None, None
    record.manifest = None
    try:
        yield "cuda:0"
    finally:
        for name, value in kept.items():
            setattr(record, name, value)
        for key in [key for key in devices._interned if key[0] == "cuda"]:
            del devices._interned[key]
        invalidate()
        for name in [name for name in sys.modules if name.split(".")[0] in replaced]:
            del sys.modules[name]
        sys.modules.update(before)
