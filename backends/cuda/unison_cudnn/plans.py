"""Plans: how cuDNN computes one thing in one shape, found once, kept, and run on CuPy's current stream.

Arrays go in and come out in row-major order, so that shapes say all of their layout.

# Note [What a plan may do]
cuDNN proposes engines by their speed. Those that do not keep the contract are left out: whose bits differ from run to
run, whose inputs are cut or whose sums are narrower than float32, which rearrange the sum (FFT, Winograd), and, as
long as the program has not allowed TF32, those that put float32 on tensor cores.

Everything is kept per thread, since a handle of cuDNN serves one stream at a time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import wraps
from math import prod
from typing import Any, Protocol

import cudnn
import cupy

from unison_core.errors import KernelError, OutOfMemoryError

__all__ = ["LIMIT", "TYPES", "Plan", "Problem", "dense", "guarded", "plan_for", "row_major"]

LIMIT = 512
"""Plans kept per thread and device; the one that was used longest ago goes first."""

TYPES = {
    "float16": cudnn.data_type.HALF,
    "bfloat16": cudnn.data_type.BFLOAT16,
    "float32": cudnn.data_type.FLOAT,
}
"""By the names of CuPy's dtypes."""

_ALIGNED = 16
"""Bytes: cuDNN's engines read as many at once."""

_NOTES = cudnn.numerical_note
_REFUSED = [
    _NOTES.NONDETERMINISTIC,
    _NOTES.DOWN_CONVERT_INPUTS,
    _NOTES.REDUCED_PRECISION_REDUCTION,
    _NOTES.FFT,
    _NOTES.WINOGRAD,
    _NOTES.WINOGRAD_TILE_4x4,
    _NOTES.WINOGRAD_TILE_6x6,
    _NOTES.WINOGRAD_TILE_13x13,
]


class Problem(Protocol):
    """What is to be computed; it can be hashed, and holds all that its plan depends on."""

    @property
    def dtype(self) -> str: ...

    @property
    def tf32(self) -> bool:
        """Whether float32 may be cut to TF32."""

    def build(self, graph: Any) -> None:
        """Put tensors, known by numbers, and operations into a graph of cuDNN's."""


class Plan:
    """One graph with the engine that runs it."""

    def __init__(self, problem: Problem, handle: Any) -> None:
        graph = cudnn.pygraph(
            io_data_type=TYPES[problem.dtype],
            intermediate_data_type=cudnn.data_type.FLOAT,
            compute_data_type=cudnn.data_type.FLOAT,
            handle=handle,
        )
        problem.build(graph)
        graph.validate()
        graph.build_operation_graph()
        graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
        exact = problem.dtype == "float32" and not problem.tf32
        graph.deselect_numeric_notes([*_REFUSED, _NOTES.TENSOR_CORE] if exact else _REFUSED)
        graph.check_support()
        graph.build_plans(cudnn.build_plan_policy.HEURISTICS_CHOICE)
        self.problem, self.handle, self.graph = problem, handle, graph
        self.workspace = graph.get_workspace_size()

    def run(self, arrays: Mapping[int, Any]) -> None:
        """Compute, with the arrays by the numbers of their tensors, results among them; numbers are on the host.

        Raises:
            RuntimeError: cuDNN failed.
        """
        # Given back when this returns, and then only to work that comes later on this stream.
        workspace = cupy.cuda.alloc(max(self.workspace, 1))
        try:
            cudnn.set_stream(self.handle, cupy.cuda.get_current_stream().ptr)
            pointers = {number: _address(array) for number, array in arrays.items()}
            self.graph.execute(pointers, workspace.ptr, handle=self.handle)
        except RuntimeError as error:
            version = cudnn.backend_version_string()
            raise KernelError(f"cuDNN {version} failed on {self.problem}: {error}") from error


def _address(array: Any) -> int:
    return int(array.data.ptr if isinstance(array, cupy.ndarray) else array.ctypes.data)


class _Kept:
    """What one thread keeps for one device. None stands for a problem that cuDNN has no engine for."""

    def __init__(self, device: int) -> None:
        try:
            self.handle = cudnn.create_handle()
        except RuntimeError as error:
            raise KernelError(
                f"cuDNN cannot be opened on cuda:{device}: {error}. Install a cuDNN that fits CUDA and the driver, or "
                "uninstall nvidia-cudnn-frontend to go on without"
            ) from error
        self.plans: OrderedDict[Problem, Plan | None] = OrderedDict()

    def plan(self, problem: Problem) -> Plan | None:
        if problem in self.plans:
            self.plans.move_to_end(problem)
            return self.plans[problem]
        try:
            found = Plan(problem, self.handle)
        except (cudnn.cudnnGraphNotSupportedError, RuntimeError, ValueError):
            # Which of them says that there is no engine depends on the step that notices.
            found = None
        self.plans[problem] = found
        if len(self.plans) > LIMIT:
            self.plans.popitem(last=False)
        return found


class _Thread(threading.local):
    def __init__(self) -> None:
        self.kept: dict[int, _Kept] = {}


_thread = _Thread()


def plan_for(problem: Problem) -> Plan | None:
    """The plan on the current device, or None where cuDNN has no engine that Note [What a plan may do] allows.

    Raises:
        RuntimeError: cuDNN does not work on this device.
    """
    device = cupy.cuda.runtime.getDevice()
    kept = _thread.kept.get(device)
    if kept is None:
        kept = _thread.kept[device] = _Kept(device)
    return kept.plan(problem)


def row_major(shape: tuple[int, ...]) -> list[int]:
    """Strides, in elements."""
    return [prod(shape[i + 1 :]) for i in range(len(shape))]


def dense(x: Any) -> Any:
    """x, or a copy, in row-major order at an address that cuDNN can read from."""
    if x.flags.c_contiguous and x.data.ptr % _ALIGNED == 0:
        return x
    return cupy.array(x, order="C")


def guarded(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel on the device of its first array, with CuPy's lack of memory as the framework's error."""

    @wraps(kernel)
    def call(first: Any, *arrays: Any, **attrs: Any) -> Any:
        try:
            with first.device:
                return kernel(first, *arrays, **attrs)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise OutOfMemoryError(f"CUDA out of memory: {error}") from error

    return call
