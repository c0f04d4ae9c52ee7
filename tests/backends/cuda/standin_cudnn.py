"""A stand-in for cuDNN's frontend over NumPy: it shows the overlay's logic, not what a GPU computes.

It goes through a graph's steps in the library's order, refuses what the library refuses (keywords, strides, addresses,
steps out of turn), offers made-up engines whose notes can be filtered, and computes in float64.
`test_cudnn.py` asks the real package for the names.
"""

from __future__ import annotations

import ctypes
import enum
import itertools
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np

__version__ = "0 (stand-in over NumPy)"


def _enum(name: str, *members: str) -> type[enum.Enum]:
    return enum.Enum(name, list(members))


data_type = _enum("data_type", "HALF", "BFLOAT16", "FLOAT", "DOUBLE")
numerical_note = _enum(
    "numerical_note",
    *("TENSOR_CORE", "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION", "FFT", "NONDETERMINISTIC"),
    *("WINOGRAD", "WINOGRAD_TILE_4x4", "WINOGRAD_TILE_6x6", "WINOGRAD_TILE_13x13"),
)
heur_mode = _enum("heur_mode", "A", "FALLBACK")
diagonal_alignment = _enum("diagonal_alignment", "TOP_LEFT")
build_plan_policy = _enum("build_plan_policy", "HEURISTICS_CHOICE")

_HOST = {"HALF": np.float16, "BFLOAT16": ml_dtypes.bfloat16, "FLOAT": np.float32}


class cudnnGraphNotSupportedError(Exception):
    """No engine serves the graph. (As in the library, no RuntimeError.)"""


@dataclass
class State:
    """What tests look at and set."""

    engines: Sequence[tuple[str, set[str]]] = (
        ("atomic", {"NONDETERMINISTIC", "TENSOR_CORE"}),
        ("rearranged", {"WINOGRAD_TILE_6x6"}),
        ("tensor core", {"TENSOR_CORE"}),
        ("plain", set()),
    )
    """By falling speed: name and notes."""
    planned: int = 0
    """Plans built."""
    ran: list[str] = field(default_factory=list)
    """Engines, in the order of their work."""
    streams: list[int | None] = field(default_factory=list)
    failing: str = ""
    """What `execute` complains of."""
    version: int = 9_28_00
    workspace: int = 1000


state = State()


def backend_version() -> int:
    if not state.version:
        raise RuntimeError("Unable to find symbol cudnnGetVersion")
    return state.version


def backend_version_string() -> str:
    # Up to 8, a thousand was one.
    major, rest = divmod(state.version, 10_000 if state.version >= 90_000 else 1_000)
    return f"{major}.{rest // 100}.{rest % 100}"


@dataclass
class Handle:
    stream: int | None = None


def create_handle() -> Handle:
    return Handle()


def set_stream(handle: Handle, stream: int) -> None:
    handle.stream = stream


@dataclass(eq=False)
class Tensor:
    """A description; each setter returns it."""

    dim: list[int]
    stride: list[int]
    type: Any = None
    uid: int = -1
    output: bool = False
    host: bool = False

    def set_output(self, value: bool) -> Tensor:
        self.output = value
        return self

    def set_uid(self, uid: int) -> Tensor:
        self.uid = uid
        return self

    def set_data_type(self, data_type: Any) -> Tensor:
        self.type = data_type
        return self

    def set_dim(self, dim: list[int]) -> Tensor:
        self.dim = dim
        return self

    def set_stride(self, stride: list[int]) -> Tensor:
        self.stride = stride
        return self

    def over(self, address: int) -> np.ndarray:
        """The memory at an address as an array of this shape, strides and dtype."""
        if address % 16 and not self.host:
            raise RuntimeError("CUDNN_STATUS_EXECUTION_FAILED: misaligned address")
        dtype = np.dtype(_HOST[self.type.name])
        span = 1 + sum((n - 1) * s for n, s in zip(self.dim, self.stride, strict=True))
        raw = np.frombuffer((ctypes.c_uint8 * (span * dtype.itemsize)).from_address(address), dtype)
        return np.lib.stride_tricks.as_strided(raw, self.dim, [s * dtype.itemsize for s in self.stride])


_STEPS = ("validate", "build_operation_graph", "create_execution_plans", "check_support", "build_plans")


class pygraph:
    """Operations in the order of their making; results that are not outputs stay float64."""

    def __init__(
        self, *, io_data_type: Any, intermediate_data_type: Any, compute_data_type: Any, handle: Handle
    ) -> None:
        if {intermediate_data_type, compute_data_type} != {data_type.FLOAT}:
            raise RuntimeError("CUDNN_STATUS_BAD_PARAM: the stand-in computes in FLOAT")
        self.io, self.done, self.nodes = io_data_type, 0, []
        self.tensors: list[Tensor] = []
        self.left = list(state.engines)

    def _turn(self, step: str) -> None:
        if _STEPS.index(step) != self.done:
            raise RuntimeError(f"{step} out of turn: {self.done} steps are done")
        self.done += 1

    def tensor(
        self, *, dim: list[int], stride: list[int], data_type: Any, uid: int, is_pass_by_value: bool = False
    ) -> Tensor:
        if not 3 <= len(dim) <= 5 or len(stride) != len(dim) or min(*dim, *stride) < 1:
            raise RuntimeError(f"CUDNN_STATUS_BAD_PARAM: tensor {dim} with strides {stride}")
        self.tensors.append(Tensor(dim, stride, data_type, uid, host=is_pass_by_value))
        return self.tensors[-1]

    def _node(self, work: Callable[..., Any], *inputs: Tensor, results: int = 1) -> Any:
        outs = [Tensor([], [], data_type.FLOAT) for _ in range(results)]
        self.nodes.append((work, inputs, outs))
        self.tensors.extend(outs)
        return outs[0] if results == 1 else tuple(outs)

    def _convolution(self, sought: str, a: Tensor, b: Tensor, **steps: list[int]) -> Tensor:
        if len(a.dim) < 4 or {len(given) for given in steps.values()} != {len(a.dim) - 2}:
            raise RuntimeError(f"CUDNN_STATUS_BAD_PARAM: {steps} for {len(a.dim)} dimensions")
        assert steps.pop("post_padding") == steps["pre_padding"]

        def work(left: Any, right: Any) -> Any:
            return convolve(sought, left, right, self.tensors[-1].dim, **steps)

        return self._node(work, a, b)

    def conv_fprop(self, *, image: Tensor, weight: Tensor, **steps: list[int]) -> Tensor:
        return self._convolution("y", image, weight, **steps)

    def conv_dgrad(self, *, loss: Tensor, filter: Tensor, **steps: list[int]) -> Tensor:
        return self._convolution("x", loss, filter, **steps)

    def conv_wgrad(self, *, image: Tensor, loss: Tensor, **steps: list[int]) -> Tensor:
        return self._convolution("weight", image, loss, **steps)

    def add(self, *, a: Tensor, b: Tensor) -> Tensor:
        return self._node(np.add, a, b)

    def mul(self, *, a: Tensor, b: Tensor) -> Tensor:
        return self._node(np.multiply, a, b)

    def sub(self, *, a: Tensor, b: Tensor) -> Tensor:
        return self._node(np.subtract, a, b)

    def exp(self, *, input: Tensor) -> Tensor:
        return self._node(np.exp, input)

    def matmul(self, *, A: Tensor, B: Tensor) -> Tensor:
        return self._node(np.matmul, A, B)

    def sdpa(
        self,
        *,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        attn_scale: float,
        generate_stats: bool,
        diagonal_alignment: Any = None,
        diagonal_band_right_bound: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        if any(
            t.type.name == "FLOAT" or len(t.dim) != 4 or t.dim[-1] % 8 or t.dim[-1] > 128 for t in (q, k, v)
        ):
            raise cudnnGraphNotSupportedError("hidden_dim should be multiple of 8")
        assert generate_stats

        def work(q: Any, k: Any, v: Any) -> Any:
            scores = np.einsum("nhle,nhse->nhls", q, k) * attn_scale
            if diagonal_band_right_bound is not None:
                rows, columns = np.indices(scores.shape[-2:])
                scores = np.where(columns - rows <= diagonal_band_right_bound, scores, -np.inf)
            log_sum = np.logaddexp.reduce(scores, axis=-1, keepdims=True)
            return np.exp(scores - log_sum) @ v, log_sum

        return self._node(work, q, k, v, results=2)

    def validate(self) -> None:
        self._turn("validate")
        known = [t.uid for t in self.tensors if t.uid != -1]
        if len(set(known)) != len(known) or not self.nodes[-1][2][0].output:
            raise RuntimeError("CUDNN_STATUS_BAD_PARAM: numbers twice, or no output")

    def build_operation_graph(self) -> None:
        self._turn("build_operation_graph")

    def create_execution_plans(self, modes: list[Any]) -> None:
        self._turn("create_execution_plans")
        assert modes == [heur_mode.A, heur_mode.FALLBACK]

    def deselect_numeric_notes(self, notes: list[Any]) -> None:
        if self.done < 3:
            raise RuntimeError("there are no plans yet, so nothing would be filtered")
        refused = {note.name for note in notes}
        self.left = [(name, has) for name, has in self.left if not has & refused]

    def check_support(self) -> None:
        self._turn("check_support")
        if not self.left:
            raise cudnnGraphNotSupportedError("No valid engine configs")

    def build_plans(self, policy: Any) -> None:
        self._turn("build_plans")
        state.planned += 1

    def get_workspace_size(self) -> int:
        return state.workspace

    def execute(self, pointers: Mapping[int, int], workspace: int, *, handle: Handle) -> None:
        if self.done != len(_STEPS) or state.failing:
            raise RuntimeError(state.failing or "executed before it was built")
        # All of the workspace may be written.
        ctypes.memset(workspace, 0xFF, self.get_workspace_size())
        values: dict[int, Any] = {}
        for work, inputs, outs in self.nodes:
            given = [
                values[id(t)] if id(t) in values else t.over(pointers[t.uid]).astype(float) for t in inputs
            ]
            results = work(*given)
            values.update(zip(map(id, outs), results if len(outs) > 1 else [results], strict=True))
        for tensor in self.tensors:
            if tensor.output:
                target = tensor.over(pointers[tensor.uid])
                target[...] = values[id(tensor)].astype(target.dtype)
        state.ran.append(self.left[0][0])
        state.streams.append(handle.stream)


def convolve(
    sought: str,
    a: np.ndarray,
    b: np.ndarray,
    shape: Sequence[int],
    pre_padding: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> np.ndarray:
    """What is sought of x, weight and y: for each tap of the kernel one product of matrices per group."""
    out = np.zeros(shape)
    x, weight, y = {"y": (a, b, out), "x": (out, b, a), "weight": (a, out, b)}[sought]
    ends = [(0, 0), (0, 0), *((p, p) for p in pre_padding)]
    padded = np.pad(x, ends)
    groups = x.shape[1] // weight.shape[1]
    for tap in itertools.product(*map(range, weight.shape[2:])):
        seen = [
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, s, n in zip(tap, dilation, stride, y.shape[2:], strict=True)
        ]
        for g in range(groups):
            members = slice(g * weight.shape[1], (g + 1) * weight.shape[1])
            filters = slice(g * (weight.shape[0] // groups), (g + 1) * (weight.shape[0] // groups))
            part, w = padded[(slice(None), members, *seen)], weight[(filters, slice(None), *tap)]
            if sought == "y":
                y[:, filters] += np.einsum("nc...,kc->nk...", part, w)
            elif sought == "x":
                part += np.einsum("nk...,kc->nc...", y[:, filters], w)
            else:
                flat = (a.reshape(*a.shape[:2], -1) for a in (y[:, filters], part))
                w += np.einsum("nkp,ncp->kc", *flat)
    inner = tuple(slice(lo, n - hi) for (lo, hi), n in zip(ends, padded.shape, strict=True))
    return padded[inner] if sought == "x" else out


def module() -> types.ModuleType:
    """The stand-in as a module named `cudnn`."""
    made = types.ModuleType("cudnn", __doc__)
    vars(made).update({name: value for name, value in globals().items() if name in NAMES})
    return made


NAMES = (
    *("__version__", "backend_version", "backend_version_string", "build_plan_policy", "create_handle"),
    *(
        "cudnnGraphNotSupportedError",
        "data_type",
        "diagonal_alignment",
        "heur_mode",
        "numerical_note",
        "pygraph",
        "set_stream",
    ),
)
"""All that the overlay may ask for."""
