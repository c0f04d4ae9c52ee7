"""nn.utils: clipping, vectors of parameters, parametrizations, weight and spectral norm, fusion, stateless calls."""

import copy
import itertools
import warnings

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.harness.compare import difference  # noqa: E402
from tests.parity.nn.twins import OURS, give  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def pair(build, dtype=torch.float64):
    """The module that build makes with PyTorch, and with Unison, in the same state."""
    torch.manual_seed(0)
    theirs, ours = build(torch).to(dtype), build(unison).to(give(dtype))
    share_state(ours, theirs)
    return ours, theirs


def share_state(ours, theirs):
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict({key: give(value) for key, value in state.items()})


def assert_alike(ours, theirs, *inputs):
    """Outputs, gradients of the parameters, and the state afterwards."""
    expected, got = theirs(*inputs), ours(*give(inputs))
    assert difference(expected, got, OURS) is None
    seed = torch.randn_like(expected)
    expected.backward(seed)
    got.backward(give(seed))
    mine = dict(ours.named_parameters())
    for name, parameter in theirs.named_parameters():
        assert difference(parameter.grad, mine[name].grad, OURS) is None, name
    for key, value in theirs.state_dict().items():
        assert difference(value, ours.state_dict()[key], OURS) is None, key


def gradients(T, make):
    parameters = [T.nn.Parameter(make(shape)) for shape in ((3, 4), (5,), ())]
    for index, parameter in enumerate(parameters):
        parameter.grad = parameter.detach() * (index + 1)
    return [*parameters, T.nn.Parameter(make((2,)))]


@pytest.mark.parametrize(
    ("max_norm", "norm_type"), list(itertools.product((0.1, 100.0), (1.0, 2.0, 3.0, float("inf"))))
)
def test_clip_grad_norm_agrees(max_norm, norm_type):
    values = {shape: torch.randn(shape) for shape in ((3, 4), (5,), (), (2,))}
    theirs = gradients(torch, lambda shape: values[shape].clone())
    ours = gradients(unison, lambda shape: give(values[shape].clone()))
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    got = unison.nn.utils.clip_grad_norm_(ours, max_norm, norm_type)
    assert difference(expected, got, OURS) is None
    for mine, other in zip(ours, theirs, strict=True):
        assert difference(other.grad, mine.grad, OURS) is None
    expected = torch.nn.utils.get_total_norm([p.grad for p in theirs[:3]], norm_type)
    got = unison.nn.utils.get_total_norm([p.grad for p in ours[:3]], norm_type)
    assert difference(expected, got, OURS) is None


def test_clip_grad_value_agrees():
    values = {shape: torch.randn(shape) for shape in ((3, 4), (5,), (), (2,))}
    theirs = gradients(torch, lambda shape: values[shape].clone())
    ours = gradients(unison, lambda shape: give(values[shape].clone()))
    torch.nn.utils.clip_grad_value_(theirs, 0.3)
    unison.nn.utils.clip_grad_value_(ours, 0.3)
    for mine, other in zip(ours, theirs, strict=True):
        assert difference(other.grad, mine.grad, OURS) is None


def test_parameters_to_vector_and_back_agrees():
    ours, theirs = pair(lambda T: T.nn.Linear(3, 2))
    expected = torch.nn.utils.parameters_to_vector(theirs.parameters())
    got = unison.nn.utils.parameters_to_vector(ours.parameters())
    assert difference(expected, got, OURS) is None
    torch.nn.utils.vector_to_parameters(expected.detach() * 2, theirs.parameters())
    unison.nn.utils.vector_to_parameters(got.detach() * 2, ours.parameters())
    assert difference(theirs.weight, ours.weight, OURS) is None
    assert difference(theirs.bias, ours.bias, OURS) is None


LAYERS = {
    "linear": (lambda T: T.nn.Linear(4, 3), (2, 4)),
    "conv": (lambda T: T.nn.Conv2d(2, 3, 2), (1, 2, 4, 4)),
    "transposed": (lambda T: T.nn.ConvTranspose1d(2, 3, 2), (1, 2, 4)),
}


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("home", ["parametrizations", ""])
def test_weight_norm_agrees(layer, dim, home):
    build, shape = LAYERS[layer]

    def normed(T):
        place = T.nn.utils.parametrizations if home else T.nn.utils
        return place.weight_norm(build(T), dim=dim)

    ours, theirs = pair(normed)
    assert_alike(ours, theirs, torch.randn(shape, dtype=torch.float64))
    if home:
        removed = [T.nn.utils.parametrize.remove_parametrizations(m, "weight") for T, m in both(ours, theirs)]
    else:
        removed = [T.nn.utils.remove_weight_norm(m) for T, m in both(ours, theirs)]
    assert sorted(removed[0].state_dict()) == sorted(removed[1].state_dict())
    assert difference(removed[1].weight, removed[0].weight, OURS) is None


def both(ours, theirs):
    return (unison, ours), (torch, theirs)


def test_weight_norm_takes_the_state_of_the_hook():
    old = unison.nn.utils.weight_norm(unison.nn.Linear(3, 2))
    new = unison.nn.utils.parametrizations.weight_norm(unison.nn.Linear(3, 2))
    new.load_state_dict(old.state_dict())
    x = unison.ones(1, 3)
    assert unison.allclose(old(x), new(x))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("home", ["parametrizations", ""])
def test_spectral_norm_agrees(layer, home, training):
    build, shape = LAYERS[layer]

    def normed(T):
        place = T.nn.utils.parametrizations if home else T.nn.utils
        return place.spectral_norm(build(T), n_power_iterations=2)

    ours, theirs = pair(normed)
    ours.train(training)
    theirs.train(training)
    assert_alike(ours, theirs, torch.randn(shape, dtype=torch.float64))
    if not home:
        removed = [T.nn.utils.remove_spectral_norm(module) for T, module in both(ours, theirs)]
        assert sorted(removed[0].state_dict()) == sorted(removed[1].state_dict())
        assert difference(removed[1].weight, removed[0].weight, OURS) is None


def test_spectral_norm_bounds_the_largest_singular_value():
    layer = unison.nn.utils.parametrizations.spectral_norm(unison.nn.Linear(20, 30), n_power_iterations=1000)
    layer(unison.ones(1, 20))
    largest = torch.linalg.matrix_norm(OURS.take(layer.weight), 2)
    assert abs(float(largest) - 1) < 1e-4


ORTHOGONAL = list(
    itertools.product(("matrix_exp", "cayley", "householder"), (True, False), ((3, 3), (5, 3), (3, 5)))
)


@pytest.mark.parametrize(("orthogonal_map", "trivialized", "shape"), ORTHOGONAL)
def test_orthogonal_agrees(orthogonal_map, trivialized, shape):
    def build(T):
        layer = T.nn.Linear(shape[1], shape[0], bias=False, dtype=T.float64)
        return T.nn.utils.parametrizations.orthogonal(
            layer, orthogonal_map=orthogonal_map, use_trivialization=trivialized
        )

    torch.manual_seed(0)
    theirs, ours = build(torch), build(unison)
    with torch.no_grad():
        # The diagonal is left alone: the Householder map reads signs from it.
        theirs.parametrizations.weight.original += torch.randn(shape, dtype=torch.float64).tril(-1) / 3
    share_state(ours, theirs)
    assert_alike(ours, theirs, torch.randn(2, shape[1], dtype=torch.float64))
    weight = OURS.take(ours.weight)
    gram = weight @ weight.T if shape[0] < shape[1] else weight.T @ weight
    torch.testing.assert_close(gram, torch.eye(min(shape), dtype=torch.float64))


@pytest.mark.parametrize(("orthogonal_map", "trivialized", "shape"), ORTHOGONAL)
def test_orthogonal_takes_an_orthogonal_value(orthogonal_map, trivialized, shape):
    layer = unison.nn.Linear(shape[1], shape[0], dtype=unison.float64)
    unison.nn.utils.parametrizations.orthogonal(
        layer, orthogonal_map=orthogonal_map, use_trivialization=trivialized
    )
    value = torch.linalg.qr(torch.randn(max(shape), min(shape), dtype=torch.float64))[0]
    value = value.mT if shape[0] < shape[1] else value
    if trivialized or orthogonal_map == "householder":
        layer.weight = give(value.contiguous())
        torch.testing.assert_close(OURS.take(layer.weight), value)
    else:
        with pytest.raises(NotImplementedError):
            layer.weight = give(value.contiguous())


def parametrized(T):
    """A program over parametrize, and what it sees."""
    parametrize = T.nn.utils.parametrize

    class Symmetric(T.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Scale(T.nn.Module):
        def forward(self, x):
            return x * 2

    class Split(T.nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x / 2, x / 2

    class Wrong(T.nn.Module):
        def forward(self, x):
            return x.reshape(-1)

    def refused(call):
        try:
            call()
        except Exception as error:  # noqa: BLE001 - its class is part of the trace
            return type(error).__name__
        return None

    layer = T.nn.Linear(2, 2)
    with T.no_grad():
        layer.weight.copy_(T.tensor([[1.0, 2.0], [3.0, 4.0]]))
    original = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    trace = [layer.weight.tolist(), list(layer.state_dict()), type(layer).__name__, repr(layer)]
    trace += [layer.parametrizations.weight.original is original, parametrize.is_parametrized(layer)]
    trace += [
        parametrize.is_parametrized(layer, "bias"),
        parametrize.type_before_parametrizations(layer).__name__,
    ]
    parametrize.register_parametrization(layer, "weight", Scale())
    trace += [layer.weight.tolist(), layer.weight.requires_grad]
    trace += [
        refused(lambda: setattr(layer, "weight", T.ones(2, 2))),
        refused(lambda: layer.__reduce_ex__(2)),
    ]
    with parametrize.cached():
        trace.append(layer.weight is layer.weight)
    trace.append(layer.weight is layer.weight)
    twin = copy.deepcopy(layer)
    parametrize.register_parametrization(layer, "bias", Split())
    trace += [list(layer.state_dict()), [name for name, _ in layer.named_parameters()]]
    parametrize.remove_parametrizations(layer, "weight")
    trace += [layer.weight.tolist(), layer.weight is original, list(layer.state_dict()), type(layer).__name__]
    trace.append(
        refused(lambda: parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False))
    )
    parametrize.remove_parametrizations(layer, "bias")
    trace += [list(layer.state_dict()), type(layer).__name__, hasattr(layer, "parametrizations")]
    trace += [twin.weight.tolist()] if T is unison else [[[2.0, 4.0], [4.0, 8.0]]]
    trace += [
        refused(call)
        for call in (
            lambda: parametrize.remove_parametrizations(layer, "weight"),
            lambda: parametrize.register_parametrization(layer, "nope", Scale()),
            lambda: parametrize.register_parametrization(layer, "weight", Wrong()),
            lambda: parametrize.register_parametrization(layer, "weight", Wrong(), unsafe=True),
        )
    ]
    single = T.nn.Linear(2, 2)
    parametrize.register_parametrization(single, "weight", Symmetric())
    single.weight = T.eye(2)
    other = parametrize.transfer_parametrizations_and_params(single, T.nn.Linear(2, 2))
    trace += [single.weight.tolist(), other.weight.tolist(), list(other.state_dict())]
    parametrize.remove_parametrizations(single, "weight", leave_parametrized=False)
    return [*trace, single.weight.tolist()]


def test_parametrize_leaves_the_same_trace():
    assert parametrized(unison) == parametrized(torch)


@pytest.mark.parametrize("layer", ["conv", "transposed", "linear"])
@pytest.mark.parametrize("affine", [True, False])
def test_fusing_a_batch_norm_agrees(layer, affine):
    build, shape = LAYERS[layer]
    kinds = {"linear": "BatchNorm1d", "conv": "BatchNorm2d", "transposed": "BatchNorm1d"}
    if layer == "linear" and not affine:
        affine = True
    ours, theirs = pair(lambda T: T.nn.Sequential(build(T), getattr(T.nn, kinds[layer])(3, affine=affine)))
    x = torch.randn(shape, dtype=torch.float64)
    for module, value in ((theirs, x), (ours, give(x))):
        if layer != "linear":
            module(value)
        module.eval()
    share_state(ours, theirs)
    fused = []
    for T, module in both(ours, theirs):
        if layer == "linear":
            fused.append(T.nn.utils.fuse_linear_bn_eval(*module))
        else:
            fused.append(T.nn.utils.fuse_conv_bn_eval(*module, transpose=layer == "transposed"))
    assert difference(fused[1](x), fused[0](give(x)), OURS) is None
    assert difference(theirs(x), fused[0](give(x)), OURS) is None
    with pytest.raises(AssertionError):
        unison.nn.utils.fuse_conv_bn_eval(ours[0].train(), ours[1])


def test_functional_call_agrees():
    def build(T):
        model = T.nn.Sequential(T.nn.Linear(3, 3), T.nn.BatchNorm1d(3), T.nn.Linear(3, 3))
        model[2].weight = model[0].weight
        return model

    ours, theirs = pair(build)
    x = torch.randn(4, 3, dtype=torch.float64)
    given = {"0.weight": torch.randn(3, 3, dtype=torch.float64), "1.running_mean": torch.zeros(3).double()}
    mine = give(given)
    expected = torch.func.functional_call(theirs, given, (x,))
    call = unison.nn.utils.stateless.functional_call
    assert difference(expected, call(ours, mine, (give(x),)), OURS) is None
    assert difference(given["1.running_mean"], mine["1.running_mean"], OURS) is None
    untied = torch.func.functional_call(theirs, given, x, tie_weights=False)
    assert difference(untied, call(ours, give(given), give(x), tie_weights=False), OURS) is None
    assert difference(theirs.state_dict()["0.weight"], ours.state_dict()["0.weight"], OURS) is None
    bad = [
        ({**given, "2.weight": torch.ones(3, 3).double()}, {}),
        (given, {"strict": True}),
        ({"nope": torch.ones(1)}, {"strict": True}),
        (({"0.weight": given["0.weight"]}, {"0.weight": given["0.weight"]}), {}),
    ]
    for tensors, options in bad:
        with pytest.raises((RuntimeError, ValueError)) as expected:
            torch.func.functional_call(theirs, tensors, x, **options)
        with pytest.raises(expected.type):
            call(ours, give(tensors), give(x), **options)
    assert ours[0].weight is ours[2].weight


def test_refusals_have_the_class_of_pytorch():
    def calls(T):
        utils = T.nn.utils
        layer = T.nn.Linear(2, 2)
        normed = utils.weight_norm(T.nn.Linear(2, 2))
        infinite = T.nn.Parameter(T.ones(1))
        infinite.grad = T.full((1,), float("inf"))
        return [
            lambda: utils.clip_grad_norm_([infinite], 1.0, error_if_nonfinite=True),
            lambda: utils.remove_weight_norm(layer),
            lambda: utils.remove_spectral_norm(layer),
            lambda: utils.weight_norm(normed),
            lambda: utils.weight_norm(T.nn.LazyLinear(2)),
            lambda: utils.spectral_norm(T.nn.LazyLinear(2)),
            lambda: utils.spectral_norm(layer, n_power_iterations=0),
            lambda: utils.spectral_norm(T.nn.Linear(2, 2, bias=False), name="bias"),
            lambda: utils.parametrizations.spectral_norm(layer, "nope"),
            lambda: utils.parametrizations.spectral_norm(layer, dim=5),
            lambda: utils.parametrizations.orthogonal(layer, "bias"),
            lambda: utils.parametrizations.orthogonal(layer, orthogonal_map="nope"),
            lambda: utils.parametrizations.orthogonal(layer, "nope"),
            lambda: utils.vector_to_parameters(3, layer.parameters()),
            lambda: utils.skip_init(3),
            lambda: utils.skip_init(T.nn.ReLU),
            lambda: utils.parametrize.ParametrizationList([], layer.weight),
        ]

    for ours, theirs in zip(calls(unison), calls(torch), strict=True):
        with warnings.catch_warnings(), pytest.raises(Exception) as expected:
            theirs()
        with pytest.raises(expected.type):
            ours()
