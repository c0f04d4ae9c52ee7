"""Every module of PyTorch's database: construction, state, outputs, gradients, repr and errors."""

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
pytest.importorskip("expecttest", reason="needs the extra 'parity'")
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db  # noqa: E402

import unison  # noqa: E402
from tests.parity.nn.twins import Twins, give, samples_of  # noqa: E402

INFOS = [pytest.param(info, id=info.module_cls.__name__) for info in module_db]
WITH_ERRORS = [
    pytest.param(info, id=info.module_cls.__name__) for info in module_db if info.module_error_inputs_func
]
MODES = [pytest.param(True, id="train"), pytest.param(False, id="eval")]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("training", MODES)
@pytest.mark.parametrize("info", INFOS)
def test_module_agrees_in_state_output_and_gradients(info, training):
    torch.manual_seed(0)
    failures = []
    for sample in samples_of(info, training=training):
        twins = Twins(info, sample, training=training)
        checks = (
            twins.fresh_state,
            twins.state_difference(),
            twins.output_and_gradient_difference(),
            twins.state_difference(),
        )
        failures += [f"{sample.desc}: {reason}" for reason in checks if reason]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("info", INFOS)
def test_module_in_float32_is_as_exact(info):
    torch.manual_seed(0)
    for sample in samples_of(info, dtype=torch.float32):
        twins = Twins(info, sample, dtype=torch.float32)
        assert twins.float32_excess() is None, sample.desc


@pytest.mark.parametrize("info", INFOS)
def test_module_prints_alike(info):
    for sample in samples_of(info):
        twins = Twins(info, sample)
        before, after = twins.repr_before, (repr(twins.ours), repr(twins.theirs))
        for ours, theirs in (before, after):
            assert ours.replace("unison.", "torch.") == theirs


@pytest.mark.parametrize("info", INFOS)
def test_module_copied_and_pickled_computes_the_same(info):
    for sample in samples_of(info, training=False):
        twins = Twins(info, sample, training=False)
        args, kwargs = give(twins.inputs[0]), give(twins.inputs[1])
        expected = _first(twins.ours(*args, **kwargs))
        for copied in (copy.deepcopy(twins.ours), pickle.loads(pickle.dumps(twins.ours))):
            assert type(copied) is type(twins.ours)
            np.testing.assert_array_equal(_first(copied(*args, **kwargs)), expected, err_msg=sample.desc)


@pytest.mark.parametrize("info", WITH_ERRORS)
def test_module_refuses_as_pytorch_does(info):
    failures = []
    samples = info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float32, requires_grad=False, training=True
    )
    for index, sample in enumerate(samples):
        made = sample.module_error_input
        args, kwargs = made.constructor_input.args, made.constructor_input.kwargs
        module_class = getattr(unison.nn, info.module_cls.__name__)

        def build(module_class=module_class, args=args, kwargs=kwargs):
            return module_class(*give(args), **give(kwargs))

        def run(made=made):
            return build()(*give(made.forward_input.args), **give(made.forward_input.kwargs))

        call = build if sample.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR else run
        try:
            with pytest.raises(sample.error_type, match=sample.error_regex):
                call()
        except BaseException as error:  # noqa: BLE001 - all samples are to be seen
            failures.append(f"error sample {index}: {type(error).__name__}: {error}")
    assert not failures, "\n".join(failures)


def _first(value):
    return _first(value[0]) if isinstance(value, tuple) else value.detach().numpy()
