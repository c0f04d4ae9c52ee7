"""Recurrent networks over whole sequences. The cells, for single steps, live in rnn_cells.py."""

from __future__ import annotations

import math
import warnings
from numbers import Number
from typing import Any

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn import init
from unison.nn.modules._recurrence import States
from unison.nn.modules._recurrence import run_layer as _run_layer
from unison.nn.modules.module import Module
from unison.nn.modules.rnn_cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from unison.nn.parameter import Parameter
from unison.nn.utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """Weights of all layers and directions, and the way of a sequence through them.

    The weights of layer k are ``weight_ih_lk``, ``weight_hh_lk``, ``bias_ih_lk``, ``bias_hh_lk`` and, with
    projections, ``weight_hr_lk``; those of the other direction end in ``_reverse``. All start uniform on
    +-1/sqrt(hidden_size). TypeError and ValueError for sizes and flags of another type or range.
    """

    __constants__ = [
        "batch_first",
        "bias",
        "bidirectional",
        "dropout",
        "hidden_size",
        "input_size",
        "mode",
        "num_layers",
        "proj_size",
    ]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_settings(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        # The names of the weights, layer by layer and direction by direction.
        self._all_weights = [
            self._create_layer(layer, suffix, device, dtype)
            for layer in range(num_layers)
            for suffix in (("", "_reverse") if bidirectional else ("",))
        ]
        self.reset_parameters()

    def _create_layer(self, layer: int, suffix: str, device: Any, dtype: Any) -> list[str]:
        """Create the weights of one layer and direction; return their names."""
        gates = _GATES[self.mode] * self.hidden_size
        output_size = self.proj_size or self.hidden_size
        input_size = self.input_size if layer == 0 else output_size * self._directions
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, input_size),
            "weight_hh": (gates, output_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            setattr(
                self, f"{name}_l{layer}{suffix}", Parameter(unison.empty(shape, device=device, dtype=dtype))
            )
        return [f"{name}_l{layer}{suffix}" for name in shapes]

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The weights, in a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Does nothing: weights need not lie together in memory. Programs written for cuDNN call it."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run over input; return the outputs of the last layer, and the last states of all layers.

        Input is (T, N, I), or (N, T, I) with batch_first, or (T, I), or a PackedSequence; the outputs are alike.
        States are (layers * directions, N, H), or without N; they start as zeros.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D instead"
            )
        batched = input.dim() == 3
        batch_dim = 0 if self.batch_first else 1
        states = None if hx is None else self._unpack_states(hx)
        if states is not None:
            _check_state_dims(states, batched)
        if not batched:
            input = input.unsqueeze(batch_dim)
            states = states and tuple(state.unsqueeze(1) for state in states)
        self.check_input(input, None)
        states = self._checked_states(states, input, input.shape[batch_dim])
        output, states = self._run(input.transpose(0, 1) if self.batch_first else input, states, None)
        if self.batch_first:
            output = output.transpose(0, 1)
        if not batched:
            output, states = output.squeeze(batch_dim), tuple(state.squeeze(1) for state in states)
        return output, self._pack_states(states)

    def _forward_packed(self, input: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, sorted_indices, unsorted_indices = input
        self.check_input(data, batch_sizes)
        sizes = batch_sizes.tolist()
        states = None if hx is None else self._unpack_states(hx)
        if states is not None and sorted_indices is not None:
            states = tuple(state.index_select(1, sorted_indices) for state in states)
        output, states = self._run(data, self._checked_states(states, data, sizes[0]), sizes)
        if unsorted_indices is not None:
            states = tuple(state.index_select(1, unsorted_indices) for state in states)
        return PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices), self._pack_states(
            states
        )

    def _unpack_states(self, hx: Any) -> States:
        return (hx,)

    def _pack_states(self, states: States) -> Any:
        return states[0]

    def _state_sizes(self) -> tuple[int, ...]:
        """The sizes of the parts of a state."""
        return (self.hidden_size,)

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raise ValueError for an input of another dtype than the weights, RuntimeError for one of another shape."""
        dtype = getattr(self, self._all_weights[0][0]).dtype
        if input.dtype != dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). "
                f"Convert input: input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )
        if batch_sizes is None and input.shape[1 if self.batch_first else 0] == 0:
            raise RuntimeError(
                f"Expected sequence length to be larger than 0 in RNN, got input {tuple(input.shape)}"
            )

    def _checked_states(self, states: States | None, input: Tensor, batch: int) -> States:
        """The states, zeros when there are none, RuntimeError when they have another shape."""
        layers = self.num_layers * self._directions
        shapes = [(layers, batch, size) for size in self._state_sizes()]
        if states is None:
            return tuple(unison.zeros(shape, dtype=input.dtype, device=input.device) for shape in shapes)
        for index, (state, shape) in enumerate(zip(states, shapes, strict=True)):
            if tuple(state.shape) != shape:
                which = f"hidden[{index}]" if len(shapes) > 1 else "hidden"
                raise RuntimeError(f"Expected {which} size {shape}, got {list(state.shape)}")
        return states

    def _run(self, input: Tensor, states: States, batch_sizes: list[int] | None) -> tuple[Tensor, States]:
        """Run all layers over a time-major or packed input."""
        last: list[States] = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0:
                input = F.dropout(input, self.dropout, self.training)
            outputs = []
            for direction in range(self._directions):
                index = layer * self._directions + direction
                initial = tuple(state[index] for state in states)
                weights = self._weights_of(index)
                output, final = _run_layer(self.mode, input, initial, weights, batch_sizes, direction == 1)
                outputs.append(output)
                last.append(final)
            input = outputs[0] if len(outputs) == 1 else unison.cat(outputs, -1)
        return input, tuple(unison.stack(parts) for parts in zip(*last, strict=True))

    def _weights_of(self, index: int) -> tuple[Any, ...]:
        """weight_ih, weight_hh, bias_ih, bias_hh, weight_hr of one layer and direction, None where absent."""
        weights = [getattr(self, name) for name in self._all_weights[index]]
        projection = weights.pop() if self.proj_size else None
        weights += [None] * (4 - len(weights))
        return *weights, projection

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        shown += [
            f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value
        ]
        return ", ".join(shown)


def _check_settings(
    mode: str,
    input_size: Any,
    hidden_size: Any,
    num_layers: int,
    bias: Any,
    batch_first: Any,
    dropout: Any,
    proj_size: int,
) -> None:
    if mode not in _GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}; expected one of {', '.join(_GATES)}")
    if not isinstance(dropout, Number) or isinstance(dropout, bool) or not 0 <= dropout <= 1:  # type: ignore[operator]
        raise ValueError(
            f"dropout should be a number in range [0, 1], the probability of an element being zeroed, got {dropout!r}"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, flag in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size <= 0:
            raise ValueError(f"{name} must be greater than zero, got {size}")
    if proj_size < 0:
        raise ValueError(
            f"proj_size should be a positive integer or zero to disable projections, got {proj_size}"
        )
    if proj_size >= hidden_size:
        raise ValueError(f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}")


def _check_state_dims(states: States, batched: bool) -> None:
    expected = 3 if batched else 2
    if all(state.dim() == expected for state in states):
        return
    kind = "batched 3-D" if batched else "unbatched 2-D"
    dims = [f"{state.dim()}-D" for state in states]
    if len(states) == 1:
        raise RuntimeError(f"For {kind} input, hx should also be {expected}-D but got {dims[0]} tensor")
    raise RuntimeError(
        f"For {kind} input, hx and cx should also be {expected}-D but got ({', '.join(dims)}) tensors"
    )


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or with relu, in num_layers layers: Elman, 1990.

    ``dropout`` acts between layers in training; bidirectional layers give both directions' outputs side by side.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        _refuse_projection(kwargs)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity


class GRU(RNNBase):
    """Gated recurrent units in num_layers layers: Cho et al., 2014.

    r, z = sigmoid(W x + b + U h + c), n = tanh(W_n x + b_n + r (U_n h + c_n)), h' = (1 - z) n + z h; the weights
    hold the three parts in this order. ``dropout`` acts between layers in training.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        _refuse_projection(kwargs)
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
        )


def _refuse_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if kwargs:
        raise TypeError(f"got an unexpected keyword argument {next(iter(kwargs))!r}")


class LSTM(RNNBase):
    """Long short-term memory in num_layers layers: Hochreiter and Schmidhuber, 1997.

    i, f, o = sigmoid(W x + U h + b), g = tanh(W_g x + U_g h + b_g), c' = f c + i g, h' = o tanh(c'); the weights hold
    the parts in the order i, f, g, o. States are (h, c). With proj_size, h' is multiplied by weight_hr: Sak et al.,
    2014. ``dropout`` acts between layers in training.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def _unpack_states(self, hx: Any) -> States:
        h, c = hx
        return h, c

    def _pack_states(self, states: States) -> Any:
        return states

    def _state_sizes(self) -> tuple[int, ...]:
        return self.proj_size or self.hidden_size, self.hidden_size
