"""Layers and utilities that PyTorch's database does not list, or does otherwise."""

import gc
import weakref

import numpy as np
import pytest

import unison
from unison import nn


def test_bookkeeping_of_a_call_without_hooks_is_one_frame_above_forward():
    depth = []

    class Deep(nn.Module):
        def forward(self):
            import sys

            depth.append(sys._getframe(1).f_code.co_name)

    Deep()()
    assert depth == ["__call__"]


def test_cross_map_lrn_is_local_response_norm():
    x = unison.from_numpy(np.random.default_rng(0).normal(size=(1, 8, 2, 2)))
    squares = np.pad(x.numpy() ** 2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    window = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    expected = x.numpy() / (2.0 + 0.5 * window / 3) ** 0.75
    layer = nn.CrossMapLRN2d(3, alpha=0.5, beta=0.75, k=2.0)
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="Expected input to be 4D, got 3D"):
        layer(x[0])


def test_adaptive_log_softmax_is_a_distribution_and_agrees_with_itself():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [4, 7], div_value=2.0)
    x = unison.from_numpy(np.random.default_rng(0).normal(size=(5, 8)).astype("float32"))
    target = unison.tensor([0, 3, 5, 11, 7])
    full = layer.log_prob(x)
    np.testing.assert_allclose(np.exp(full.detach().numpy()).sum(axis=1), np.ones(5), rtol=1e-5)
    output, loss = layer(x, target)
    expected = full.detach().numpy()[np.arange(5), target.numpy()]
    np.testing.assert_allclose(output.detach().numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(loss.item(), -expected.mean(), rtol=1e-5)
    np.testing.assert_array_equal(layer.predict(x).numpy(), full.detach().numpy().argmax(axis=1))
    alone = layer(x[0], target[0])
    np.testing.assert_allclose(alone.output.item(), expected[0], rtol=1e-5)


def test_batch_norm_without_momentum_keeps_the_plain_mean():
    layer = nn.BatchNorm1d(2, momentum=None, dtype=unison.float64)
    batches = np.random.default_rng(0).normal(size=(4, 10, 2))
    for batch in batches:
        layer(unison.from_numpy(batch))
    expected = np.mean([batch.mean(axis=0) for batch in batches], axis=0)
    np.testing.assert_allclose(layer.running_mean.numpy(), expected, rtol=1e-12)
    assert int(layer.num_batches_tracked) == 4


def test_sync_batch_norm_conversion_shares_the_tensors():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert type(converted[1]) is nn.SyncBatchNorm
    assert converted[1].weight is not None
    x = unison.ones(4, 2)
    assert unison.equal(converted.eval()(x), model.eval()(x))


def test_embedding_from_pretrained_is_frozen_unless_told():
    table = unison.ones(4, 2)
    assert not nn.Embedding.from_pretrained(table).weight.requires_grad
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    assert not nn.EmbeddingBag.from_pretrained(table).weight.requires_grad
    assert nn.Embedding(4, 2, padding_idx=-1).weight[3].tolist() == [0.0, 0.0]


def test_transformer_recognises_the_causal_mask():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0), 2, enable_nested_tensor=False)
    seen = []
    encoder.layers[0].register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["is_causal"]), with_kwargs=True
    )
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    assert mask.tolist() == [[0.0, -np.inf, -np.inf], [0.0, 0.0, -np.inf], [0.0, 0.0, 0.0]]
    x = unison.ones(3, 1, 4)
    encoder(x, mask=mask)
    encoder(x, mask=unison.zeros(3, 3))
    encoder(x)
    assert seen == [True, False, False]


def test_old_batch_norm_states_load():
    layer = nn.BatchNorm1d(2)
    state = layer.state_dict()
    del state["num_batches_tracked"]
    state._metadata[""]["version"] = 1
    assert layer.load_state_dict(state) == ([], [])


def test_losses_take_the_old_words_for_reduction():
    with pytest.warns(UserWarning, match="reduction='sum'"):
        loss = nn.MSELoss(size_average=False)
    assert loss.reduction == "sum"
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert nn.MSELoss(reduce=False).reduction == "none"


def test_skip_init_gives_a_module_on_the_host():
    layer = nn.utils.skip_init(nn.Linear, 3, 4)
    assert layer.weight.device.type == "cpu"
    assert tuple(layer.weight.shape) == (4, 3)
    assert layer.weight.requires_grad
    layer.load_state_dict({"weight": unison.ones(4, 3), "bias": unison.ones(4)})
    assert layer(unison.ones(3)).tolist() == [4.0] * 4


def test_weight_norm_recomputes_after_a_change_of_its_norm():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2, bias=False))
    with unison.no_grad():
        layer.parametrizations.weight.original0.fill_(2.0)
    np.testing.assert_allclose(np.linalg.norm(layer.weight.detach().numpy(), axis=1), [2.0, 2.0], rtol=1e-6)


def test_copies_of_a_parametrized_module_go_their_own_ways():
    import copy

    layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    twin = copy.deepcopy(layer)
    nn.utils.parametrize.remove_parametrizations(twin, "weight")
    assert type(twin) is nn.Linear
    assert type(layer).__name__ == "ParametrizedLinear"
    assert unison.allclose(layer.weight, twin.weight)


def test_a_module_goes_away_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LSTM(2, 2))
        handle = model.register_forward_hook(lambda *_: None)
        model[:2](unison.ones(3, 2)).sum().backward()
        gone = weakref.ref(model)
        del model, handle
        assert gone() is None
    finally:
        gc.enable()


def test_hook_that_is_always_called_keeps_the_first_error():
    class Failing(nn.Module):
        def forward(self):
            raise ZeroDivisionError("first")

    def hook(*_):
        raise KeyError("second")

    module = Failing()
    module.register_forward_hook(hook, always_call=True)
    with pytest.warns(UserWarning, match="second"), pytest.raises(ZeroDivisionError, match="first"):
        module()
