"""Recurrent networks beyond the database: packed sequences, initial states, all settings at once."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.harness.candidate import Memo  # noqa: E402
from tests.parity.harness.compare import difference  # noqa: E402
from tests.parity.nn.twins import OURS, give  # noqa: E402

LENGTHS = [2, 5, 1, 4]
SETTINGS = [
    pytest.param(kind, layers, both, bias, proj, id=f"{kind}-{layers}-{both}-{bias}-{proj}")
    for kind, layers, both, bias, proj in itertools.product(
        ("RNN", "GRU", "LSTM"), (1, 2), (False, True), (True, False), (0, 2)
    )
    if not proj or kind == "LSTM"
]


def build(kind, layers, both, bias, proj, **more):
    options = {"num_layers": layers, "bidirectional": both, "bias": bias, "dtype": torch.float64, **more}
    if proj:
        options["proj_size"] = proj
    theirs = getattr(torch.nn, kind)(3, 4, **options)
    ours = getattr(unison.nn, kind)(3, 4, **give(options))
    ours.load_state_dict({key: give(value) for key, value in theirs.state_dict().items()})
    return ours, theirs


def states_of(kind, layers, both, proj, batch):
    count = layers * (2 if both else 1)
    h = torch.randn(count, batch, proj or 4, dtype=torch.float64, requires_grad=True)
    c = torch.randn(count, batch, 4, dtype=torch.float64, requires_grad=True)
    return (h, c) if kind == "LSTM" else h


def flat(value):
    if isinstance(value, (tuple, list)):
        return [tensor for part in value for tensor in flat(part)]
    return [] if value is None else [value]


def assert_alike(ours, theirs, got, expected, pairs):
    got, expected = flat(tuple(got)), flat(tuple(expected))
    assert len(got) == len(expected)
    for mine, other in zip(got, expected, strict=True):
        assert difference(other, mine, OURS) is None
    seeds = [torch.randn_like(x) for x in expected if x.requires_grad]
    torch.autograd.backward([x for x in expected if x.requires_grad], seeds)
    unison.autograd.backward([x for x in got if x.requires_grad], [give(seed) for seed in seeds])
    mine = dict(ours.named_parameters())
    pairs = [*pairs, *((parameter, mine[name]) for name, parameter in theirs.named_parameters())]
    for other, one in pairs:
        assert difference(other.grad, one.grad, OURS) is None


@pytest.mark.parametrize(("kind", "layers", "both", "bias", "proj"), SETTINGS)
def test_rnn_with_states_agrees(kind, layers, both, bias, proj):
    torch.manual_seed(0)
    for batch_first in (False, True):
        ours, theirs = build(kind, layers, both, bias, proj, batch_first=batch_first)
        x = torch.randn(5, 2, 3, dtype=torch.float64)
        x = (x.transpose(0, 1) if batch_first else x).detach().requires_grad_()
        hx = states_of(kind, layers, both, proj, 2)
        memo = Memo()
        got = ours(give(x, memo), give(hx, memo))
        pairs = [(leaf, memo.made[id(leaf)]) for leaf in (x, *flat(hx))]
        assert_alike(ours, theirs, got, theirs(x, hx), pairs)


@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize(("kind", "layers", "both", "bias", "proj"), SETTINGS)
def test_rnn_over_packed_sequences_agrees(kind, layers, both, bias, proj, enforce_sorted):
    torch.manual_seed(0)
    lengths = sorted(LENGTHS, reverse=True) if enforce_sorted else LENGTHS
    ours, theirs = build(kind, layers, both, bias, proj)
    x = torch.randn(5, len(lengths), 3, dtype=torch.float64, requires_grad=True)
    hx = states_of(kind, layers, both, proj, len(lengths))
    memo = Memo()
    pack = torch.nn.utils.rnn.pack_padded_sequence
    expected = theirs(pack(x, lengths, enforce_sorted=enforce_sorted), hx)
    pack = unison.nn.utils.rnn.pack_padded_sequence
    got = ours(pack(give(x, memo), lengths, enforce_sorted=enforce_sorted), give(hx, memo))
    assert type(got[0]) is unison.nn.utils.rnn.PackedSequence
    pairs = [(leaf, memo.made[id(leaf)]) for leaf in (x, *flat(hx))]
    assert_alike(ours, theirs, got, expected, pairs)
    unpacked, sizes = unison.nn.utils.rnn.pad_packed_sequence(got[0])
    theirs_unpacked, their_sizes = torch.nn.utils.rnn.pad_packed_sequence(expected[0])
    assert difference(theirs_unpacked, unpacked, OURS) is None
    assert difference(their_sizes, sizes, OURS) is None


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_rnn_over_packed_sequences_without_states_agrees(kind):
    ours, theirs = build(kind, 2, True, True, 0)
    sequences = [torch.randn(length, 3, dtype=torch.float64) for length in LENGTHS]
    expected = theirs(torch.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False))
    got = ours(unison.nn.utils.rnn.pack_sequence(give(sequences), enforce_sorted=False))
    for mine, other in zip(flat(tuple(got)), flat(tuple(expected)), strict=True):
        assert difference(other, mine, OURS) is None


@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize("bias", [True, False])
def test_cell_agrees(kind, bias):
    theirs = getattr(torch.nn, kind)(3, 4, bias=bias, dtype=torch.float64)
    ours = getattr(unison.nn, kind)(3, 4, bias=bias, dtype=unison.float64)
    ours.load_state_dict({key: give(value) for key, value in theirs.state_dict().items()})
    for shape in ((2,), ()):
        x = torch.randn(*shape, 3, dtype=torch.float64)
        h = torch.randn(*shape, 4, dtype=torch.float64)
        hx = (h, h * 2) if kind == "LSTMCell" else h
        for args in ((x,), (x, hx)):
            for mine, other in zip(flat((ours(*give(args)),)), flat((theirs(*args),)), strict=True):
                assert difference(other, mine, OURS) is None


def _calls(T):
    packing = T.nn.utils.rnn
    x = T.ones(3, 2, 4)
    lstm = T.nn.LSTM(4, 5)
    gru = T.nn.GRU(4, 5, batch_first=True)
    h = T.zeros(1, 2, 5)
    return {
        "dims": lambda: lstm(T.ones(1, 1, 1, 4)),
        "features": lambda: lstm(T.ones(3, 2, 7)),
        "dtype": lambda: lstm(x.double()),
        "steps": lambda: lstm(T.ones(0, 2, 4)),
        "hidden size": lambda: lstm(x, (T.zeros(1, 3, 5), h)),
        "cell size": lambda: lstm(x, (h, T.zeros(1, 2, 6))),
        "hidden dims": lambda: lstm(x, (T.zeros(2, 5), T.zeros(2, 5))),
        "gru hidden": lambda: gru(x, h),
        "gru unbatched hidden": lambda: gru(T.ones(3, 4), h),
        "projection": lambda: T.nn.GRU(4, 5, proj_size=2),
        "large projection": lambda: T.nn.LSTM(4, 5, proj_size=5),
        "dropout": lambda: T.nn.LSTM(4, 5, dropout=2),
        "dropout flag": lambda: T.nn.LSTM(4, 5, dropout=True),
        "nonlinearity": lambda: T.nn.RNN(4, 5, nonlinearity="nope"),
        "cell nonlinearity": lambda: T.nn.RNNCell(4, 5, nonlinearity="nope")(T.ones(2, 4)),
        "mode": lambda: T.nn.RNNBase("nope", 4, 5),
        "unsorted": lambda: packing.pack_padded_sequence(x, [1, 3]),
        "zero length": lambda: packing.pack_padded_sequence(x, [3, 0]),
        "too few lengths": lambda: packing.pack_padded_sequence(x, [3]),
        "total length": lambda: packing.pad_packed_sequence(
            packing.pack_padded_sequence(x, [3, 1]), total_length=2
        ),
        "no sequences": lambda: packing.pad_sequence([]),
        "not iterable": lambda: packing.pad_sequence(3),
        "unlike sequences": lambda: packing.pad_sequence([T.ones(2, 3), T.ones(2, 4)]),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(_calls(torch)))
def test_rnn_refuses_with_the_class_of_pytorch(name):
    with pytest.raises(Exception) as expected:
        _calls(torch)[name]()
    with pytest.raises(expected.type):
        _calls(unison)[name]()


def test_packing_functions_agree():
    theirs, ours = torch.nn.utils.rnn, unison.nn.utils.rnn
    sequences = [torch.randn(length, 2) for length in LENGTHS]
    for options in ({}, {"batch_first": True, "padding_value": 7.0}, {"padding_side": "left"}):
        expected = theirs.pad_sequence(sequences, **options)
        assert difference(expected, ours.pad_sequence(give(sequences), **options), OURS) is None
    expected = theirs.pack_sequence(sequences, enforce_sorted=False)
    got = ours.pack_sequence(give(sequences), enforce_sorted=False)
    assert difference(tuple(expected), tuple(got), OURS) is None
    for options in ({}, {"batch_first": True, "padding_value": 7.0, "total_length": 9}):
        padded = theirs.pad_packed_sequence(expected, **options)
        assert difference(padded, ours.pad_packed_sequence(got, **options), OURS) is None
    assert difference(sequences, ours.unpack_sequence(got), OURS) is None
    padded = ours.pad_sequence(give(sequences), batch_first=True)
    lengths = unison.tensor(LENGTHS)
    assert difference(sequences, ours.unpad_sequence(padded, lengths, batch_first=True), OURS) is None
    permutation = torch.tensor([2, 0, 1])
    inverse = theirs.invert_permutation(permutation)
    assert difference(inverse, ours.invert_permutation(give(permutation)), OURS) is None


def test_dropout_between_layers_acts_in_training_alone():
    ours, theirs = build("LSTM", 2, False, True, 0, dropout=0.5)
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    first, second = ours(give(x))[0], ours(give(x))[0]
    assert not unison.equal(first, second)
    ours.eval()
    theirs.eval()
    assert difference(theirs(x)[0], ours(give(x))[0], OURS) is None
