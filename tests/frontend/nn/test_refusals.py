"""What a wrong call of nn says: what was given, what was expected, what to do."""

import re

import pytest

import unison
from unison import nn


def ones(*shape, **options):
    return unison.ones(*shape, **options)


class Early(nn.Module):
    def __init__(self):
        self.weight = nn.Parameter(ones(1))


def loaded_with(change):
    layer = nn.Linear(2, 3)
    state = layer.state_dict()
    change(state)
    layer.load_state_dict(state)


def packed(lengths):
    return nn.utils.rnn.pack_padded_sequence(ones(3, 2, 4), lengths)


CASES = {
    "parameter before init": (Early, AttributeError, "call super().__init__() first"),
    "unknown attribute": (
        lambda: nn.ReLU().nope,
        AttributeError,
        "'ReLU' object has no attribute 'nope'",
    ),
    "tensor as parameter": (
        lambda: setattr(nn.Linear(1, 1), "weight", ones(1, 1)),
        TypeError,
        "as parameter 'weight' (unison.nn.Parameter or None expected)",
    ),
    "number as buffer": (
        lambda: setattr(nn.BatchNorm1d(1), "running_mean", 3),
        TypeError,
        "cannot assign 'int' as buffer 'running_mean'",
    ),
    "module as child": (
        lambda: setattr(nn.Sequential(nn.ReLU()), "0", 3),
        TypeError,
        "cannot assign 'int' as child module '0'",
    ),
    "parameter with history": (
        lambda: nn.Module().register_parameter("w", _with_history()),
        ValueError,
        "Cannot assign non-leaf Tensor to parameter 'w'",
    ),
    "taken name": (
        lambda: nn.Linear(1, 1).register_buffer("forward", ones(1)),
        KeyError,
        "attribute 'forward' already exists",
    ),
    "dotted name": (
        lambda: nn.Module().add_module("a.b", nn.ReLU()),
        KeyError,
        'contain ".", got: a.b',
    ),
    "no forward": (lambda: nn.Module()(1), NotImplementedError, 'missing the required "forward" function'),
    "arguments of Module": (lambda: nn.Module(a=1), TypeError, "unexpected keyword argument 'a'"),
    "mode": (
        lambda: nn.ReLU().train("on"),
        ValueError,
        "training mode is expected to be boolean, got 'on'",
    ),
    "integral dtype": (
        lambda: nn.ReLU().to(unison.int64),
        TypeError,
        "only accepts floating point or complex dtypes",
    ),
    "compile": (lambda: nn.ReLU().compile(), NotImplementedError, "call the module as it is"),
    "old backward hook": (
        lambda: nn.ReLU().register_backward_hook(print),
        NotImplementedError,
        "use register_full_backward_hook",
    ),
    "path": (
        lambda: nn.Sequential(nn.ReLU()).get_submodule("0.nope"),
        AttributeError,
        "ReLU has no attribute `nope` (looking for '0.nope')",
    ),
    "missing key": (
        lambda: loaded_with(lambda state: state.clear()),
        RuntimeError,
        'Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "weight", "bias". ',
    ),
    "unexpected key": (
        lambda: loaded_with(lambda state: state.update(a=ones(1), b=ones(1))),
        RuntimeError,
        'Unexpected key(s) in state_dict: "a", "b". ',
    ),
    "size of a key": (
        lambda: loaded_with(lambda state: state.update(weight=ones(4, 4))),
        RuntimeError,
        "size mismatch for weight: copying a param with shape",
    ),
    "kind of a key": (
        lambda: loaded_with(lambda state: state.update(weight=[1, 2])),
        RuntimeError,
        "expected torch.Tensor or Tensor-like object from checkpoint but received <class 'list'>",
    ),
    "state of another kind": (
        lambda: nn.ReLU().load_state_dict([1]),
        TypeError,
        "Expected state_dict to be dict-like, got <class 'list'>",
    ),
    "lazy computation": (
        lambda: nn.LazyLinear(2).weight.array,
        ValueError,
        "Run the lazy module it belongs to on a batch",
    ),
    "index of a list": (
        lambda: nn.ModuleList([nn.ReLU()])[5],
        IndexError,
        "index 5 is out of range for 1 modules",
    ),
    "groups": (
        lambda: nn.Conv2d(3, 4, 1, groups=2),
        ValueError,
        "in_channels must be divisible by groups, got 3 and 2",
    ),
    "same padding of strides": (
        lambda: nn.Conv1d(1, 1, 3, stride=2, padding="same"),
        ValueError,
        "padding='same' is not supported for strided convolutions, got stride=(2,)",
    ),
    "padding word": (
        lambda: nn.Conv1d(1, 1, 3, padding="nope"),
        ValueError,
        "Invalid padding string 'nope'",
    ),
    "padding mode": (
        lambda: nn.Conv1d(1, 1, 3, padding_mode="nope"),
        ValueError,
        "padding_mode must be one of ('zeros', 'reflect', 'replicate', 'circular')",
    ),
    "transposed padding mode": (
        lambda: nn.ConvTranspose1d(1, 1, 3, padding_mode="reflect"),
        ValueError,
        'Only "zeros" padding mode is supported for ConvTranspose1d',
    ),
    "output size": (
        lambda: nn.ConvTranspose1d(1, 1, 3, stride=2)(ones(1, 1, 4), output_size=[99]),
        ValueError,
        "requested an output size of [99], but valid sizes range from [9] to [10]",
    ),
    "channels of a lazy convolution": (
        lambda: nn.LazyConv2d(4, 1)(ones(2, 2)),
        RuntimeError,
        "Expected 3D (unbatched) or 4D (batched) input to LazyConv2d",
    ),
    "dropout": (lambda: nn.Dropout(1.5), ValueError, "has to be between 0 and 1, but got 1.5"),
    "embedding padding": (
        lambda: nn.Embedding(3, 2, padding_idx=3),
        AssertionError,
        "Padding_idx must be within num_embeddings, got 3 and 3",
    ),
    "embedding weight": (
        lambda: nn.Embedding(3, 2, _weight=ones(2, 3)),
        AssertionError,
        "Shape of weight does not match num_embeddings and embedding_dim: (2, 3) and (3, 2)",
    ),
    "heads": (
        lambda: nn.MultiheadAttention(5, 2),
        AssertionError,
        "embed_dim must be divisible by num_heads, got 5 and 2",
    ),
    "batch norm dims": (
        lambda: nn.BatchNorm2d(3)(ones(2, 3)),
        ValueError,
        "expected 4D input (got 2D input)",
    ),
    "transformer features": (
        lambda: nn.Transformer(4, 1, 1, 1, 4)(ones(2, 1, 3), ones(2, 1, 3)),
        RuntimeError,
        "must be equal to d_model (4), got 3 and 3",
    ),
    "activation name": (
        lambda: nn.TransformerEncoderLayer(4, 1, activation="nope"),
        RuntimeError,
        "activation should be relu/gelu, not nope",
    ),
    "rnn dtype": (
        lambda: nn.LSTM(4, 5)(ones(3, 2, 4, dtype=unison.float64)),
        ValueError,
        "Convert input: input.to(",
    ),
    "rnn features": (
        lambda: nn.GRU(4, 5)(ones(3, 2, 7)),
        RuntimeError,
        "Expected 4, got 7",
    ),
    "rnn states": (
        lambda: nn.GRU(4, 5)(ones(3, 2, 4), ones(1, 3, 5)),
        RuntimeError,
        "Expected hidden size (1, 2, 5), got [1, 3, 5]",
    ),
    "rnn projection": (lambda: nn.GRU(4, 5, proj_size=2), ValueError, "only supported for LSTM"),
    "cell features": (
        lambda: nn.GRUCell(4, 5)(ones(2, 3)),
        RuntimeError,
        "input has inconsistent input_size: got 3 expected 4",
    ),
    "unsorted lengths": (lambda: packed([1, 3]), RuntimeError, "Pass `enforce_sorted=False`"),
    "long lengths": (lambda: packed([9, 3]), RuntimeError, "Expected lengths up to the 3 steps"),
    "number of lengths": (lambda: packed([3]), RuntimeError, "but got 1 (batch_size=2)"),
    "zero length": (lambda: packed([3, 0]), RuntimeError, "has to be greater than 0"),
    "adaptive cutoffs": (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 10, [5, 3]),
        ValueError,
        "got [5, 3] with n_classes=10",
    ),
    "adaptive target": (
        lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3])(ones(1, 8), unison.tensor([11])),
        RuntimeError,
        "Target values should be in [0, 9], but values in range [11, 11] were found",
    ),
    "cross entropy options": (
        lambda: nn.LinearCrossEntropyOptions(chunking_method="nope"),
        ValueError,
        "invalid chunking_method: 'nope'",
    ),
    "devices of parameters": (
        lambda: nn.utils.parameters_to_vector([ones(1), ones(1, device="meta")]),
        TypeError,
        "Found two parameters on different devices",
    ),
    "parametrized name": (
        lambda: nn.utils.parametrize.register_parametrization(nn.Linear(1, 1), "nope", nn.ReLU()),
        ValueError,
        "parametrized element with name 'nope'",
    ),
    "pickling parametrized": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(1, 1)).__getstate__(),
        RuntimeError,
        "only supported through state_dict()",
    ),
}


def _with_history():
    parameter = nn.Parameter(ones(1))
    made = parameter * 2
    made.__class__ = nn.Parameter
    return made


@pytest.mark.parametrize("name", CASES)
def test_wrong_call_says(name):
    call, kind, text = CASES[name]
    with pytest.raises(kind, match=re.escape(text)):
        call()


def test_failed_loading_still_loads_what_fits():
    layer = nn.Linear(2, 3)
    with pytest.raises(RuntimeError, match="size mismatch for bias"):
        layer.load_state_dict({"weight": ones(3, 2), "bias": ones(7)})
    assert layer.weight.tolist() == [[1.0, 1.0]] * 3


def test_refused_registration_leaves_the_module_as_it_was():
    layer = nn.Linear(2, 3)
    weight = layer.weight
    with pytest.raises(TypeError):
        layer.weight = ones(3, 2)
    with pytest.raises(KeyError):
        layer.register_buffer("weight.x", ones(1))
    assert layer.weight is weight
    assert list(layer.state_dict()) == ["weight", "bias"]
