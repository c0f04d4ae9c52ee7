"""`Tensor`: core's handle with torch's interface.

Methods that are functions stand here as one line each, `sum = reduction.sum`; operators take the dispatcher's call
paths as they are, so that `a + b` runs one Python function.
"""

from __future__ import annotations

from typing import Any

from unison._methods.activation import Activation
from unison._methods.creation import Creation
from unison._methods.elementwise import Elementwise
from unison._methods.inplace import InPlace
from unison._methods.linalg import LinearAlgebra
from unison._methods.queries import Queries
from unison._methods.random import Random
from unison._methods.reduction import Reduction
from unison._methods.rewriting import Rewriting
from unison._methods.signal import Signals
from unison._methods.sorting import Sorting
from unison.functions import (
    arranging,
    conversion,
    copies,
    dlpack,
    elementwise,
    exchange,
    indexing,
    linalg,
    movement,
    picking,
    products,
    splitting,
)
from unison.functions._common import Size
from unison_core import devices, dtypes, handle, ops, state
from unison_core.dispatch import inplace, paths
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.spec import contiguous_strides

__all__ = ["Tensor"]


def _dunder(function: Any) -> Any:
    """The call path of an operator; a NumPy array as the other operand is a tensor on the host, for anything else
    Python asks the other operand.
    """

    def foreign(a: Any, b: Any) -> Any:
        pair = [exchange.of_array(x) for x in (a, b)]
        return NotImplemented if any(x is None for x in pair) else function(*pair)

    return paths.binary(function.operator, watched=True, foreign=foreign)


_add = _dunder(ops.add)
_sub = _dunder(ops.sub)
_mul = _dunder(ops.mul)
_div = _dunder(ops.div)
_eq = _dunder(ops.eq)
_ne = _dunder(ops.ne)
_NUMBERS = (float, int, bool, complex)


class Tensor(
    Activation,
    Elementwise,
    Reduction,
    LinearAlgebra,
    Sorting,
    Rewriting,
    Signals,
    InPlace,
    Random,
    Creation,
    Queries,
    Handle,
):
    """An n-dimensional array on a device, with its place in the autograd graph.

    Made by functions such as `unison.tensor`, `unison.zeros`; `Tensor(data)` makes one of the default dtype.
    """

    __slots__ = ("__dict__", "__weakref__", "_grad", "_leaf_hooks")
    # No __getattr__: a class that has one pays five times as much for every slot it reads.

    def __new__(cls, *data: Any, device: Any = None) -> Any:
        """As torch's legacy constructor: sizes give uninitialised memory, a sequence gives its numbers."""
        if not data and device is None:
            return object.__new__(cls)
        from unison.functions.creation import empty

        if len(data) == 1 and not isinstance(data[0], int):
            made = conversion.tensor(data[0], dtype=dtypes.get_default_dtype(), device=device)
        else:
            made = empty(*data, device=device)
        return made

    # What it is.

    @property
    def shape(self) -> Size:
        """The lengths of the dimensions."""
        return Size(self.array.shape)

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded; settable on leaves."""
        return self.tracked or (self.base is not None and bool(state.refresh(self)))

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def grad_fn(self) -> Any:
        """The node that made it; None for leaves."""
        if self.base is not None:
            from unison.autograd.views import refreshed

            refreshed(self)
        return self.node

    @property
    def is_leaf(self) -> bool:
        """Whether gradients end here."""
        return self.grad_fn is None

    @property
    def _version(self) -> int:
        """How often its memory was written in place."""
        return 0 if self.counter is None else self.counter[0]

    @property
    def data(self) -> Any:
        """The same memory as a tensor outside the graph, with a write counter of its own; settable."""
        same = handle.wrap(self.array, self.device)
        if self.base is not None or self.counter.__class__ is handle.Repeated:
            handle.mark_repeated(same)
        return same

    @data.setter
    def data(self, value: Any) -> None:
        """Take over value's memory, shape, dtype and device; the place in the graph and the write counter stay.

        Raises:
            TypeError: value is not a tensor.
        """
        if not isinstance(value, Handle):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self.array = value.array
        self.device = value.device
        if self.base is not None and self.node is None:
            self.base = None

    @property
    def grad(self) -> Any:
        """The gradient accumulated by backward; None before. Settable to a tensor of the same kind, or None."""
        try:
            return self._grad
        except AttributeError:
            return None

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            _check_gradient(self, value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def leaf_hooks(self) -> Any:
        """The hooks of this leaf, or None."""
        try:
            return self._leaf_hooks
        except AttributeError:
            return None

    @leaf_hooks.setter
    def leaf_hooks(self, value: Any) -> None:
        self._leaf_hooks = value

    @property
    def T(self) -> Any:
        """The dimensions in reverse order."""
        return ops.permute(self, dims=tuple(range(self.array.ndim))[::-1])

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged.

        Raises:
            RuntimeError: fewer than two dimensions.
        """
        if self.array.ndim < 2:
            raise OperatorError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {self.array.ndim}-D tensor."
            )
        return movement.transpose(self, -2, -1)

    @property
    def H(self) -> Any:
        """The conjugate transpose of a matrix.

        Raises:
            RuntimeError: neither a matrix nor a number.
        """
        if self.array.ndim not in (0, 2):
            raise OperatorError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {self.array.ndim}-D tensor."
            )
        turned = self.T
        return ops.conj(turned) if self.dtype.is_complex else turned

    @property
    def mH(self) -> Any:
        """mT, conjugated."""
        turned = self.mT
        return ops.conj(turned) if self.dtype.is_complex else turned

    # Autograd.

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Start or stop recording operations on this leaf.

        Raises:
            RuntimeError: it is not a leaf, or neither floating nor complex.
        """
        if self.node is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and self.dtype not in dtypes.INEXACT:
            raise RuntimeError(
                f"only Tensors of floating point and complex dtype can require gradients, this one is {self.dtype.name}"
            )
        self.tracked = bool(requires_grad)
        if not hasattr(self, "_grad"):
            self._grad = self._leaf_hooks = None
        if self.tracked and self.base is not None:
            handle.mark_repeated(self)
            self.base = None
        return self

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add its gradient with respect to the graph's leaves to their `.grad`.

        Raises:
            RuntimeError: it needs a gradient argument, does not require one, or the graph was freed.
        """
        from unison.autograd import interface

        interface.backward((self,), (gradient,), retain_graph, create_graph, inputs=inputs)

    def detach(self) -> Any:
        """The same memory outside the graph."""
        return handle.alias(self)

    def detach_(self) -> Any:
        """Take this tensor out of the graph.

        Raises:
            RuntimeError: it is a view.
        """
        if self.base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self.node, self.tracked = None, False
        return self

    def register_hook(self, hook: Any) -> Any:
        """Call hook(grad) when the gradient is computed; what it returns replaces it."""
        from unison.autograd.hooks import add_tensor_hook

        return add_tensor_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> Any:
        """Call hook(tensor) after a gradient was added to this leaf's `.grad`."""
        from unison.autograd.hooks import RemovableHandle, hooks_of

        if self.node is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        table = hooks_of(self).post
        removable = RemovableHandle(table)
        table[removable.id] = hook
        return removable

    def retain_grad(self) -> None:
        """Let a non-leaf keep its gradient in `.grad`."""
        from unison.autograd.hooks import retain_grad

        retain_grad(self)

    # Python's operators.

    __add__ = _add
    __sub__ = _sub
    __mul__ = _mul
    __truediv__ = _div
    __eq__ = _eq
    __ne__ = _ne
    __lt__ = _dunder(ops.lt)
    __le__ = _dunder(ops.le)
    __gt__ = _dunder(ops.gt)
    __ge__ = _dunder(ops.ge)
    __floordiv__ = _dunder(ops.floor_divide)
    __mod__ = _dunder(ops.remainder)
    __and__ = _dunder(ops.bitwise_and)
    __or__ = _dunder(ops.bitwise_or)
    __xor__ = _dunder(ops.bitwise_xor)
    __lshift__ = _dunder(ops.bitwise_left_shift)
    __rshift__ = _dunder(ops.bitwise_right_shift)
    __radd__ = _add
    __rmul__ = _mul
    __rsub__ = paths.reflected(_sub)
    __rtruediv__ = __rdiv__ = paths.reflected(_div)
    __rfloordiv__ = paths.reflected(ops.floor_divide)
    __rmod__ = paths.reflected(ops.remainder)
    __rpow__ = paths.reflected(ops.pow)
    __rand__ = _dunder(ops.bitwise_and)
    __ror__ = _dunder(ops.bitwise_or)
    __rxor__ = _dunder(ops.bitwise_xor)
    __hash__ = object.__hash__
    __neg__ = ops.neg
    __abs__ = elementwise.abs
    __invert__ = ops.bitwise_not
    __matmul__ = linalg.matmul
    __pow__ = elementwise.pow
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem

    def __pos__(self) -> Any:
        return self

    def __rmatmul__(self, other: Any) -> Any:
        return linalg.matmul(other, self)

    def __len__(self) -> int:
        if not self.array.shape:
            raise TypeError("len() of a 0-d tensor")
        return int(self.array.shape[0])

    def __iter__(self) -> Any:
        if not self.array.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter([self[i] for i in range(self.array.shape[0])])

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(
                f"Boolean value of Tensor with {'more than one' if self.array.size else 'no'} value is ambiguous"
            )
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.array.size != 1 or self.dtype not in dtypes.INTEGRAL:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __contains__(self, element: Any) -> bool:
        return bool(ops.any(ops.eq(self, element)))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self.array.shape and spec else format(repr(self), spec)

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        from unison.printing import tensor_text

        return tensor_text(self, tensor_contents)

    # Methods.

    __array__ = exchange.array_of
    __array_wrap__ = exchange.array_wrapped
    __array_priority__ = 1000  # NumPy's scalars and arrays on the left leave `a * x` to the tensor.
    __copy__ = exchange.copy_of
    __deepcopy__ = exchange.deepcopy
    __dlpack__ = dlpack.given
    __dlpack_device__ = dlpack.device_of
    __cuda_array_interface__ = property(dlpack.cuda_array_interface)
    __reduce_ex__ = exchange.reduce
    addbmm = products.addbmm
    addmm = products.addmm
    addmv = products.addmv
    addr = products.addr
    adjoint = copies.adjoint
    argwhere = picking.argwhere
    as_strided = arranging.as_strided
    baddbmm = products.baddbmm
    bfloat16 = exchange.bfloat16
    bmm = products.bmm
    bool = exchange.bool_
    broadcast_to = arranging.broadcast_to
    byte = exchange.byte
    cdouble = exchange.cdouble
    cfloat = exchange.cfloat
    char = exchange.char
    chunk = splitting.chunk
    cpu = exchange.cpu
    data_ptr = exchange.data_ptr
    diag = arranging.diag
    diag_embed = arranging.diag_embed
    diagflat = arranging.diagflat
    diagonal = arranging.diagonal
    diagonal_scatter = arranging.diagonal_scatter
    dot = products.dot
    double = exchange.double
    dsplit = splitting.dsplit
    element_size = exchange.element_size
    expand = movement.expand
    expand_as = arranging.expand_as
    flatten = movement.flatten
    flip = arranging.flip
    fliplr = arranging.fliplr
    flipud = arranging.flipud
    float = exchange.float_
    gather = picking.gather
    ger = products.outer
    half = exchange.half
    hsplit = splitting.hsplit
    index_add = picking.index_add
    index_copy = picking.index_copy
    index_fill = picking.index_fill
    index_put = picking.index_put
    index_reduce = copies.index_reduce
    index_put_ = picking.index_put_
    index_select = picking.index_select
    inner = products.inner
    int = exchange.int_
    kron = products.kron
    long = exchange.long
    masked_fill = picking.masked_fill
    masked_scatter = picking.masked_scatter
    masked_select = picking.masked_select
    matmul = linalg.matmul
    mm = linalg.mm
    moveaxis = arranging.movedim
    movedim = arranging.movedim
    mv = products.mv
    narrow = splitting.narrow
    narrow_copy = splitting.narrow_copy
    nonzero = indexing.nonzero
    outer = products.outer
    permute = movement.permute
    put = picking.put
    ravel = arranging.ravel
    repeat = arranging.repeat
    repeat_interleave = arranging.repeat_interleave
    reshape = movement.reshape
    reshape_as = arranging.reshape_as
    roll = arranging.roll
    rot90 = arranging.rot90
    scatter = picking.scatter
    scatter_add = picking.scatter_add
    scatter_reduce = picking.scatter_reduce
    select = splitting.select
    select_scatter = arranging.select_scatter
    share_memory_ = exchange.share_memory_
    short = exchange.short
    slice_scatter = arranging.slice_scatter
    split = splitting.split
    split_with_sizes = splitting.split_with_sizes
    squeeze = movement.squeeze
    swapaxes = arranging.swapaxes
    swapdims = arranging.swapaxes
    t = movement.t
    take = picking.take
    take_along_dim = picking.take_along_dim
    tensor_split = splitting.tensor_split
    tile = arranging.tile
    trace = products.trace
    transpose = movement.transpose
    tril = arranging.tril
    triu = arranging.triu
    type = exchange.type_
    type_as = exchange.type_as
    unbind = splitting.unbind
    unflatten = arranging.unflatten
    unfold = arranging.unfold
    unsafe_chunk = copies.unsafe_chunk
    unsafe_split = copies.unsafe_split
    unsqueeze = movement.unsqueeze
    vdot = products.vdot
    view = movement.view
    view_as = arranging.view_as
    vsplit = splitting.vsplit

    def numel(self) -> int:
        """The number of elements."""
        return int(self.array.size)

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self.array.ndim)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one length of it."""
        return self.shape if dim is None else self.shape[dim]

    def item(self) -> Any:
        """The one element as a Python number.

        Raises:
            RuntimeError: there are more, or none.
        """
        try:
            value = self.device.to_host(self.array).item()
        except ValueError:
            raise OperatorError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            ) from None
        # What NumPy does not know, as bfloat16, it gives as the number's own class.
        return value if value.__class__ in _NUMBERS else float(value)

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        out = self.device.backend.to_host(self.array)
        return out.astype("float32").tolist() if self.dtype is dtypes.bfloat16 else out.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The elements as a NumPy array that shares memory; force=True detaches and copies from the device first.

        Raises:
            RuntimeError: it requires a gradient.
            TypeError: it is on another device than the host.
        """
        if force:
            return self.device.backend.to_host(self.array)
        if self.tracked:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if not self.device.is_host:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
                "memory first."
            )
        return self.array

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy in fresh memory, in the graph."""
        return ops.copy(self)

    def contiguous(self, memory_format: Any = None) -> Any:
        """Itself if its elements lie in row-major order, else a copy that does."""
        return self if self.device.backend.is_contiguous(self.array) else ops.copy(self)

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether its elements lie in row-major order without gaps."""
        return bool(self.device.backend.is_contiguous(self.array))

    def stride(self, dim: int | None = None) -> Any:
        """Steps between elements along each dimension, in elements; row-major for an empty one without."""
        strides = self.device.backend.strides(self.array)
        if 0 in self.array.shape and not any(strides):
            strides = contiguous_strides(self.array.shape)
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """Elements before the first one in its storage."""
        return self.device.backend.offset(self.array)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """On another device or in another dtype: `to(device)`, `to(dtype)`, `to(device, dtype)`,
        `to(other)`.

        Itself where nothing changes, unless copy=True. non_blocking=True: the host goes on while pinned memory (see
        `pin_memory`) is copied to a device, and must not change it meanwhile. Copies to the host always wait.
        """
        device, dtype, non_blocking, copy = _read_to(args, kwargs)
        out = self
        if dtype is not None and dtype is not self.dtype:
            out = ops.cast(out, dtype=dtype)
        if device is not None:
            target = devices.canonical(device)
            if target is not out.device:
                out = ops.to_device(out, device=target, non_blocking=non_blocking)
        return ops.copy(out) if copy and out is self else out

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        """Write src, broadcast and cast, into this tensor."""
        if self.tracked and not src.tracked:
            from unison.functions.filling import replaced

            return inplace.assign(self, replaced(ops.copy(self), src))
        return inplace.assign(self, src)


def _check_gradient(t: Any, g: Any) -> None:
    if not isinstance(g, Handle):
        raise TypeError(
            f"assigned grad expected to be a Tensor or None but got grad of type {type(g).__name__}"
        )
    if g is t:
        raise RuntimeError("can't assign Variable as its own grad")
    if g.array.shape != t.array.shape:
        raise RuntimeError(f"assigned grad has data of a different size: {list(g.shape)} for {list(t.shape)}")
    if g.dtype is not t.dtype:
        raise RuntimeError(f"assigned grad has data of a different type: {g.dtype.name} for {t.dtype.name}")
    if g.device is not t.device:
        raise RuntimeError(f"assigned grad has data located on a different device: {g.device} for {t.device}")


def _read_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, DType | None, bool, bool]:
    """(device, dtype, non_blocking, copy)."""
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    flags = [bool(kwargs.pop(name, False)) for name in ("non_blocking", "copy")]
    other = kwargs.pop("other", None)
    rest = list(args)
    if rest and isinstance(rest[0], Handle):
        other = rest.pop(0)
    if other is not None:
        device, dtype = other.device, other.dtype
    elif rest and isinstance(rest[0], DType):
        dtype = rest.pop(0)
    elif rest:
        device = rest.pop(0)
        if rest and (isinstance(rest[0], DType) or rest[0] is None):
            dtype = rest.pop(0) or dtype
    flags[: len(rest)] = map(bool, rest)
    return device, dtype, flags[0], flags[1]


handle.install(Tensor)
