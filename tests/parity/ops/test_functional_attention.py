"""Attention, embeddings and recurrent layers against PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.ops.agreement import agrees, floats, refuses_alike  # noqa: E402


def qkv(heads=2, length=4, source=5, width=3, out=6):
    return (
        floats(2, heads, length, width),
        floats(2, heads, source, width, seed=1),
        floats(2, heads, source, out, seed=2),
    )


def test_attention_agrees():
    agrees(lambda t, q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v), *qkv())


@pytest.mark.parametrize("source", [3, 4, 6])
def test_causal_attention_agrees(source):
    def call(t, q, k, v):
        return t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7)

    agrees(call, *qkv(source=source))


@pytest.mark.parametrize("shape", [(4, 5), (2, 1, 4, 5), (1, 5)])
def test_attention_with_an_added_mask_agrees_in_its_gradient_too(shape):
    agrees(lambda t, *a: t.nn.functional.scaled_dot_product_attention(*a), *qkv(), floats(*shape, seed=3))


def test_attention_with_a_boolean_mask_gives_zeros_where_nothing_may_be_seen():
    mask = floats(4, 5, seed=5) > -1
    mask[2] = False
    agrees(lambda t, *a: t.nn.functional.scaled_dot_product_attention(*a), *qkv(), mask, second=False)


def test_attention_with_shared_heads_agrees():
    q, _, _ = qkv(heads=6)
    _, k, v = qkv(heads=2)
    agrees(lambda t, *a: t.nn.functional.scaled_dot_product_attention(*a, enable_gqa=True), q, k, v)


def test_attention_in_half_accumulates_in_float32():
    arrays = [a.astype("float16") for a in qkv(source=300)]
    agrees(lambda t, *a: t.nn.functional.scaled_dot_product_attention(*a), *arrays, second=False)


@pytest.mark.parametrize("options", [{}, {"padding_idx": 2}, {"scale_grad_by_freq": True}, {"max_norm": 1.0}])
def test_embedding_agrees(options):
    index = np.array([[0, 2, 2], [4, 2, 0]])
    agrees(lambda t, i, w: t.nn.functional.embedding(i, w * 1, **options), index, floats(5, 3), second=False)


def test_embedding_of_many_rows_agrees():
    index = np.random.default_rng(0).integers(0, 1000, 700)
    agrees(lambda t, i, w: t.nn.functional.embedding(i, w), index, floats(1000, 3))


@pytest.mark.parametrize("padding", [None, 2])
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag_agrees(mode, padding):
    index, offsets = np.array([0, 2, 2, 4, 1, 3]), np.array([0, 2, 2, 5])

    def call(t, i, w, o):
        return t.nn.functional.embedding_bag(i, w, o, mode=mode, padding_idx=padding)

    agrees(call, index, floats(5, 3), offsets, second=False)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_recurrent_layer_agrees_to_second_order(kind, bidirectional):
    shapes = {}

    def call(t, x):
        layer = getattr(t.nn, kind)(3, 4, 2, bidirectional=bidirectional).double()
        for i, p in enumerate(layer.parameters()):
            p.data = t.tensor(floats(*p.shape, low=-0.7, high=0.7, seed=i))
        shapes[t] = len(list(layer.parameters()))
        out, state = layer(x)
        return (out, *state) if kind == "LSTM" else (out, state)

    agrees(call, floats(5, 2, 3))
    assert len(set(shapes.values())) == 1


REFUSED = {
    "attention: width": lambda t: t.nn.functional.scaled_dot_product_attention(
        t.ones(2, 3), t.ones(2, 4), t.ones(2, 4)
    ),
    "attention: mask and causal": lambda t: t.nn.functional.scaled_dot_product_attention(
        t.ones(2, 3), t.ones(2, 3), t.ones(2, 3), t.ones(2, 2), is_causal=True
    ),
    "attention: dtype": lambda t: t.nn.functional.scaled_dot_product_attention(
        t.ones(1, 2, 3), t.ones(1, 2, 3, dtype=t.float64), t.ones(1, 2, 3)
    ),
    "embedding: range": lambda t: t.nn.functional.embedding(t.tensor([5]), t.ones(5, 2)),
    "embedding: below": lambda t: t.nn.functional.embedding(t.tensor([-1]), t.ones(5, 2)),
    "embedding: dtype": lambda t: t.nn.functional.embedding(t.ones(1), t.ones(5, 2)),
    "embedding_bag: offsets": lambda t: t.nn.functional.embedding_bag(t.tensor([1]), t.ones(5, 2)),
    "embedding_bag: mode": lambda t: t.nn.functional.embedding_bag(t.tensor([[1]]), t.ones(5, 2), mode="min"),
    "one_hot: negative": lambda t: t.nn.functional.one_hot(t.tensor([-1])),
    "pdist: dims": lambda t: t.nn.functional.pdist(t.ones(3)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_have_the_class_of_pytorch(name):
    assert refuses_alike(REFUSED[name])
