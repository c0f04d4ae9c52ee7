"""What the themes of the C kit share: making arrays, laying them out for kernels, launching."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from unison_core import dtypes
from unison_core.ckit import program
from unison_core.ckit.array import CArray
from unison_core.ckit.program import Program
from unison_core.ckit.runtime import Runtime
from unison_core.dtypes import Category, DType
from unison_core.errors import DeviceError, NotSupportedError
from unison_core.spec import broadcast, numel
from unison_core.strided import broadcast_strides, collapse

__all__ = ["RAW", "CKit", "Layout", "Raw"]

GROUP = 64
"""Work-items of a group where a kernel does not ask otherwise."""

CHUNK = 4096
"""Elements that a processor's work-item takes on at least, where there are as many."""

_MOST_PLANS = 10_000
"""Maps that are remembered, over all shapes; then memory begins anew."""

_LETTERS = ("A", "B", "D", "E")
_MAP = Program("map")


class Raw:
    """An element type of sources that only moves bits: `raw32` stands for every dtype of four bytes."""

    __slots__ = ("itemsize", "name", "unsigned")

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize
        self.name = f"raw{8 * itemsize}"
        self.unsigned = f"u{8 * itemsize}"


RAW = {size: Raw(size) for size in (1, 2, 4, 8, 16)}
_WIDE = (dtypes.float64, dtypes.complex128)


class Layout:
    """How a kernel walks several arrays at once: flat, or in `lengths` with steps for each array."""

    __slots__ = ("lengths", "scalars", "size", "steps", "strided")

    def __init__(self, shape: Sequence[int], arrays: Sequence[CArray]) -> None:
        self.size = arrays[-1].size
        self.strided = False
        self.scalars = 0
        for i, x in enumerate(arrays):
            if x.size == 1 and self.size != 1:
                self.scalars |= 1 << i
            elif not x.contiguous or x.size != self.size:
                self.strided = True
        if not self.strided:
            self.lengths = [self.size]
            self.steps: list[list[int]] = []
            return
        self.scalars = 0
        strides = [broadcast_strides(x.shape, x.strides, shape) for x in arrays]
        self.lengths, self.steps = _launchable(*collapse(shape, *strides))


def _launchable(lengths: list[int], steps: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Fastest dimension first, a long one where the fastest is short, and never fewer than two."""
    lengths, steps = [*reversed(lengths)], [[*reversed(s)] for s in steps]
    if len(lengths) > 1 and lengths[0] < GROUP // 4:
        longest = max(range(len(lengths)), key=lengths.__getitem__)
        for row in (lengths, *steps):
            row[0], row[longest] = row[longest], row[0]
    while len(lengths) < 2:
        lengths.append(1)
        for s in steps:
            s.append(0)
    return lengths, steps


class CKit:
    """The kit for one backend: `runtime(device)` gives the device's runtime."""

    def __init__(self, runtime: Callable[[Any], Runtime]) -> None:
        self.runtime = runtime
        self._maps: dict[Any, _Plan] = {}

    def empty(self, shape: Sequence[int], dtype: DType, runtime: Runtime) -> CArray:
        """An array of whatever the memory holds.

        Raises:
            NotImplementedError: the device has no such dtype.
            OutOfMemoryError: there is not enough memory.
        """
        if dtype in _WIDE and not runtime.facts.fp64:
            raise NotSupportedError(
                f"{runtime.facts.name} has no {dtype.name}; use {_narrow(dtype).name}, for example "
                "with .float() or dtype=unison.float32"
            )
        return CArray(runtime.allocate(numel(shape) * dtype.itemsize), runtime, shape, dtype)

    def contiguous(self, x: CArray) -> CArray:
        """x itself where its elements lie in row-major order, else a copy."""
        return x if x.contiguous else self.copy(x)

    def copy(self, x: CArray) -> CArray:
        """x in fresh memory, in row-major order, bit for bit."""
        out = self.empty(x.shape, x.dtype, x.runtime)
        self.write(out, x)
        return out

    def write(self, target: CArray, source: CArray, label: str = "copy") -> None:
        """Copy source, broadcast, into target of the same item size; bits are moved unlooked at. No overlap."""
        raw = RAW[target.dtype.itemsize]
        self.map("a", [source], out=target, types=(raw, raw), label=label)

    def fill(self, out: CArray, bits: bytes) -> None:
        """Give every element the same bits."""
        if out.dtype.itemsize == 16:
            halves = out.like(
                (*out.shape, 2), dtypes.float64, (*(2 * s for s in out.strides), 1), 2 * out.offset
            )
            for part in (0, 1):
                one = halves.like(out.shape, dtypes.float64, halves.strides[:-1], halves.offset + part)
                self.fill(one, bits[8 * part : 8 * part + 8])
            return
        raw = RAW[out.dtype.itemsize]
        value = int.from_bytes(bits, "little", signed=True)
        self.map(
            f"({raw.unsigned})K(0)",
            [],
            out=out,
            types=(raw,),
            compute=dtypes.int64,
            constants=(value,),
            label="full",
        )

    def map(
        self,
        expression: str,
        arrays: Sequence[CArray],
        *,
        dtype: DType | None = None,
        out: CArray | None = None,
        types: Sequence[Any] | None = None,
        compute: Any = None,
        constants: Sequence[float] = (),
        headers: Sequence[str] = (),
        runtime: Runtime | None = None,
        shape: Sequence[int] | None = None,
        label: str = "map",
        ask: bool = False,
    ) -> CArray:
        """out = expression of a, b, c, e (the elements of up to four arrays, broadcast) and constants K(0), K(1) ...

        dtype: the result's, unless `out` is given. types: what sources call the elements of inputs and output, where
        not their dtypes. compute: the dtype T that R(...) and constants have. headers: sources with functions that
        the expression uses. shape, runtime: needed where there are no arrays.
        """
        if out is None:
            if shape is None:
                shape = arrays[0].shape
                for x in arrays:
                    if x.shape != shape:
                        shape = broadcast(*[x.shape for x in arrays])
                        break
            assert dtype is not None
            out = self.empty(shape, dtype, runtime or arrays[0].runtime)
        if not out.size:
            return out
        runtime = out.runtime
        for x in arrays:
            if x.runtime is not runtime:
                raise DeviceError(f"{label}: a buffer belongs to another device or context than the result's")
        names = tuple(types) if types else (*[x.dtype for x in arrays], out.dtype)
        compute = compute or names[0]
        key = (
            runtime, expression, names, compute, len(constants), tuple(headers), ask, out.shape, out.strides,
            *[x.shape for x in arrays], *[x.strides for x in arrays],
        )  # fmt: skip
        plan = self._maps.get(key)
        if plan is None:
            layout = Layout(out.shape, (*arrays, out))
            defines = _defines(expression, names, compute, len(constants), layout, ask=ask)
            source = Program("map", *headers, "map.c") if headers else _MAP
            if len(self._maps) >= _MOST_PLANS:
                self._maps.clear()
            plan = self._maps[key] = _Plan(source.kernel(runtime, defines, label), layout, runtime, defines)
        if program.TRACE:
            program.trace(label, "map", plan.groups, plan.group, plan.defines)
        params = plan.params + struct.pack(f"{len(arrays) + 1}q", *[x.offset for x in arrays], out.offset)
        if constants:
            params += pack(compute, constants)
        runtime.launch(
            plan.kernel, plan.groups, plan.group, [*[x.buffer for x in arrays], out.buffer], params
        )
        return out

    def apart(self, arrays: Sequence[CArray], out: CArray) -> tuple[CArray, ...]:
        """The arrays, copied where they overlap `out` in other places than element for element."""
        return tuple(
            self.copy(x) if x.buffer is out.buffer and not _same_places(x, out) else x for x in arrays
        )

    def any(
        self,
        expression: str,
        arrays: Sequence[CArray],
        *,
        compute: Any = None,
        constants: Sequence[float] = (),
        label: str = "check",
    ) -> bool:
        """Whether the expression holds for any element: the device is waited for."""
        shape = broadcast(*[x.shape for x in arrays])
        if not numel(shape):
            return False
        runtime = arrays[0].runtime
        flag = self.empty((), dtypes.int32, runtime)
        runtime.copy_in(flag.buffer, 0, bytes(4))
        self.map(
            expression,
            arrays,
            out=CArray(flag.buffer, runtime, shape, dtypes.int32, (0,) * len(shape)),
            compute=compute,
            constants=constants,
            label=label,
            ask=True,
        )
        answer = bytearray(4)
        runtime.copy_out(flag.buffer, 0, answer)
        return any(answer)

    def assign(self, target: CArray, source: CArray) -> None:
        """Write source, broadcast and cast, into target; the two may overlap.

        Raises:
            ValueError: the shapes do not broadcast.
        """
        broadcast_strides(source.shape, source.strides, target.shape)
        if source.buffer is target.buffer and not _same_places(target, source):
            source = self.copy(source)
        if source.dtype is target.dtype:
            self.write(target, source)
        else:
            self.cast(source, target)

    def cast(self, x: CArray, out: CArray) -> None:
        """Write x into out as numbers of out's dtype: floats truncate to integers, anything but zero is True.

        Of complex numbers only bool sees the imaginary part.
        """
        if x.dtype.is_complex and out.dtype is not dtypes.bool_:
            if out.dtype.is_complex:
                self.cast(_parts(x), _parts(out))
                return
            self.cast(x.like(x.shape, x.dtype.to_real(), [2 * s for s in x.strides], 2 * x.offset), out)
            return
        expression, types = _conversion(x.dtype, out.dtype)
        self.map(expression, [x], out=out, types=types, label="cast")

    def launch(
        self,
        source: Program,
        defines: program.Defines,
        groups: int,
        group: int,
        buffers: Sequence[Any],
        params: bytes,
        runtime: Runtime,
        label: str,
    ) -> None:
        """Compile if need be, and start a kernel."""
        kernel = source.kernel(runtime, defines, label)
        if program.TRACE:
            program.trace(label, source.entry, groups, group, defines)
        runtime.launch(kernel, groups, group, buffers, params)


class _Plan:
    """A map of arrays with these shapes and strides: the kernel, its launch, and its parameters but for the places."""

    __slots__ = ("defines", "group", "groups", "kernel", "params")

    def __init__(self, kernel: Any, layout: Layout, runtime: Runtime, defines: program.Defines) -> None:
        self.kernel, self.defines = kernel, defines
        self.groups, self.group, shares = _shares(layout, runtime.facts.cpu)
        values = [*layout.lengths, *shares]
        for row in layout.steps:
            values += row
        self.params = struct.pack(f"{len(values)}q", *values)


def _defines(
    expression: str, names: Sequence[Any], compute: Any, constants: int, layout: Layout, *, ask: bool
) -> program.Defines:
    """What specialises `sources/map.c`."""
    return (
        *zip(_LETTERS, names[:-1], strict=False),
        ("O", names[-1]),
        ("T", compute),
        ("COUNT", len(names) - 1),
        ("DIMS", len(layout.lengths)),
        ("STRIDED", layout.strided),
        ("SCALARS", layout.scalars),
        ("CONSTANTS", constants),
        ("EXPRESSION", f"({expression})"),
        *((("ASK", 1),) if ask else ()),
    )


def _shares(layout: Layout, cpu: bool) -> tuple[int, int, tuple[int, ...]]:
    """(groups, group, (chunk, chunk, wide, tall)): processors' work-items loop over many elements, others have one.

    Strided arrays are walked by `wide` groups along the first dimension times `tall` along the second, and so on for
    each place of the others.
    """
    lengths = layout.lengths
    if not layout.strided:
        one = min(lengths[0], CHUNK) if cpu else 1
        return -(-lengths[0] // (one if cpu else GROUP)), 1 if cpu else GROUP, (one, 1, 0, 0)
    one, rows = 1, 1
    if cpu:
        # Arrays that go along different dimensions are walked in squares, which the caches hold.
        square = any(row[0] not in (0, 1) for row in layout.steps)
        one = min(lengths[0], 64 if square else CHUNK)
        rows = max(1, CHUNK // one)
    group = 1 if cpu else GROUP
    wide, tall = -(-lengths[0] // (one * group)), -(-lengths[1] // rows)
    return wide * tall * numel(lengths[2:]), group, (one, rows, wide, tall)


def _conversion(x: DType, to: DType) -> tuple[str, tuple[Any, ...] | None]:
    """The expression that casts, and the types it is of where they are not the dtypes."""
    short = to.is_floating_point and to.bits == 16
    if x.is_complex:
        return "a.re != 0 || a.im != 0", None
    if to.is_complex:
        return "CAT(make_, O)(a, 0)", None
    if x.is_floating_point and to in dtypes.INTEGER:
        return "(i64)a", None
    if short and x is dtypes.float64:
        return "half_of_f64(a)" if to is dtypes.float16 else "bfloat16_of_f64(a)", (x, RAW[2])
    if to is dtypes.bfloat16 and x in (dtypes.int32, dtypes.int64):
        return "bfloat16_of_i64(a)", (x, RAW[2])
    return "a", None


def _parts(x: CArray) -> CArray:
    return x.like((*x.shape, 2), x.dtype.to_real(), [*[2 * s for s in x.strides], 1], 2 * x.offset)


def _same_places(x: CArray, y: CArray) -> bool:
    """Whether element for element the two are the same memory, so that a map from one to the other is safe."""
    return x.shape == y.shape and x.strides == y.strides and x.offset == y.offset and x.dtype is y.dtype


def _narrow(dtype: DType) -> DType:
    return dtypes.complex64 if dtype.is_complex else dtypes.float32


def pack(dtype: Any, values: Sequence[float]) -> bytes:
    """Numbers as fields of a parameter struct in the type that `dtype` computes in, padded to eight bytes."""
    if not values:
        return b""
    name = getattr(dtype, "name", "")
    if name in _PARTS:
        numbers = [complex(v) for v in values]
        return pack(_PARTS[name], [part for z in numbers for part in (z.real, z.imag)])
    code = _CODES.get(name, "f")
    data = struct.pack(f"{len(values)}{code}", *(values if code in "fd" else map(int, values)))
    return data + bytes(-len(data) % 8)


_PARTS = {"complex64": dtypes.float32, "complex128": dtypes.float64}
_CODES = {
    d.name: "d" if d is dtypes.float64 else "f" if d.is_floating_point else "q" if d is dtypes.int64 else "i"
    for d in dtypes.ALL
    if d.category < Category.COMPLEX
}
