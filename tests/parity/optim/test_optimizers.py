"""Trajectories, state_dicts and errors of every optimiser, on PyTorch's own sample inputs."""

import copy
import warnings

import numpy as np
import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
from torch.testing._internal import common_optimizers as samples  # noqa: E402

NAMES = [
    *("ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax"),
    *("LBFGS", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"),
]
INFOS = {info.optim_cls.__name__: info for info in samples.optim_db if info.optim_cls.__name__ in NAMES}
SHAPES = [(3, 2), (4,), (), (0,)]
STEPS = 6


def _to_ours(value):
    if isinstance(value, torch.Tensor):
        return unison.from_numpy(value.detach().numpy().copy())
    if isinstance(value, list | tuple):
        return type(value)(_to_ours(item) for item in value)
    return {k: _to_ours(v) for k, v in value.items()} if isinstance(value, dict) else value


def _to_theirs(value):
    if isinstance(value, unison.Tensor):
        return torch.from_numpy(value.detach().numpy().copy())
    if isinstance(value, list | tuple):
        return type(value)(_to_theirs(item) for item in value)
    return {k: _to_theirs(v) for k, v in value.items()} if isinstance(value, dict) else value


def _assert_same(ours, theirs, where, single=False):
    """The same structure, types, dtypes and shapes, and the same values up to a few roundings (single: of float32)."""
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, unison.Tensor), where
        assert str(ours.dtype).rsplit(".", maxsplit=1)[-1] == str(theirs.dtype).rsplit(".", maxsplit=1)[-1], (
            where
        )
        assert tuple(ours.shape) == tuple(theirs.shape), where
        expected = theirs.detach().numpy()
        bound = 2e-5 if single or expected.dtype in (np.float32, np.complex64) else 1e-12
        np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=bound, atol=bound, err_msg=where)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs) if where.endswith("]") else set(ours) == set(theirs), where
        for key, value in theirs.items():
            _assert_same(ours[key], value, f"{where}[{key!r}]", single)
    elif isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs), where
        assert len(ours) == len(theirs), where
        for i, value in enumerate(theirs):
            _assert_same(ours[i], value, f"{where}[{i}]", single)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-12), where
    else:
        assert ours == theirs, where


def _parameters(dtype, shapes=SHAPES):
    rng = np.random.default_rng(7)
    complex_part = 1j if dtype.startswith("complex") else 0
    values = [(rng.standard_normal(s) + complex_part * rng.standard_normal(s)) for s in shapes]
    arrays = [np.asarray(v).astype(dtype) for v in values]
    ours = [unison.from_numpy(a.copy()).requires_grad_() for a in arrays]
    return ours, [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]


def _give_gradients(rng, ours, theirs, leave_out=()):
    for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        shape = tuple(q.shape)
        grad = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if q.is_complex() else 0)
        grad = np.asarray(grad).astype(q.detach().numpy().dtype)
        if i not in leave_out:
            p.grad, q.grad = unison.from_numpy(grad.copy()), torch.from_numpy(grad.copy())


def _configurations(name):
    """What PyTorch tries on the CPU and, options that change no value on a CPU taken away, on accelerators."""
    seen = []
    for info in (INFOS[name],):
        for device in ("cpu", "cuda"):
            for sample in info.optim_inputs_func(device=device, dtype=torch.float32):
                theirs = {k: v for k, v in sample.kwargs.items() if k != "capturable"}
                seen.append((sample.desc, sample.kwargs, theirs))
    return seen


CONFIGURATIONS = [
    pytest.param(name, ours, theirs, id=f"{name}-{desc or 'default'}-{i}")
    for name in NAMES
    if name != "LBFGS"
    for i, (desc, ours, theirs) in enumerate(_configurations(name))
]


def _pair(name, ours, theirs, kwargs, torch_kwargs):
    return getattr(unison.optim, name)(ours, **_to_ours(kwargs)), getattr(torch.optim, name)(
        theirs, **torch_kwargs
    )


def _comparable(state_dict):
    """A state_dict without the option that PyTorch refuses on a CPU."""
    state_dict = dict(state_dict)
    state_dict["param_groups"] = [
        {k: v for k, v in group.items() if k != "capturable"} for group in state_dict["param_groups"]
    ]
    return state_dict


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize(("name", "kwargs", "torch_kwargs"), CONFIGURATIONS)
def test_optimizer_follows_torch(name, kwargs, torch_kwargs, dtype):
    kwargs, torch_kwargs = copy.deepcopy(kwargs), copy.deepcopy(torch_kwargs)
    # With an lr that is a float32 tensor PyTorch computes its coefficients in float32.
    single = isinstance(torch_kwargs.get("lr"), torch.Tensor)
    ours, theirs = _parameters(dtype)
    opt, ref = _pair(name, ours, theirs, kwargs, torch_kwargs)
    rng = np.random.default_rng(11)
    for step in range(STEPS):
        _give_gradients(rng, ours, theirs, leave_out=(1,) if step == 0 else ())
        opt.step()
        ref.step()
        _assert_same(ours, theirs, f"parameters after step {step + 1}", single)
    _assert_same(_comparable(opt.state_dict()), _comparable(ref.state_dict()), "state_dict", single)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "LBFGS"])
def test_optimizer_groups_follow_torch(name):
    ours, theirs = _parameters("float32", [(3,), (2, 2), (4,)])
    opt = getattr(unison.optim, name)([{"params": ours[:1], "lr": 0.02}, {"params": ours[1]}], lr=0.01)
    ref = getattr(torch.optim, name)([{"params": theirs[:1], "lr": 0.02}, {"params": theirs[1]}], lr=0.01)
    rng = np.random.default_rng(3)
    for step in range(STEPS):
        if step == 2:
            opt.add_param_group({"params": ours[2:], "lr": 0.3})
            ref.add_param_group({"params": theirs[2:], "lr": 0.3})
        _give_gradients(rng, ours, theirs)
        opt.step()
        ref.step()
    _assert_same(ours, theirs, "parameters")
    _assert_same(opt.state_dict(), ref.state_dict(), "state_dict")


@pytest.mark.parametrize(("name", "kwargs", "torch_kwargs"), CONFIGURATIONS)
def test_optimizer_goes_on_from_a_state_dict_of_torch(name, kwargs, torch_kwargs):
    kwargs = {k: v for k, v in copy.deepcopy(kwargs).items() if k != "capturable"}
    ours, theirs = _parameters("float32")
    opt, ref = _pair(name, ours, theirs, kwargs, copy.deepcopy(torch_kwargs))
    rng = np.random.default_rng(5)
    for step in range(STEPS):
        _give_gradients(rng, ours, theirs)
        if step >= STEPS // 2:
            opt.step()
        ref.step()
        if step == STEPS // 2 - 1:
            opt.load_state_dict(_to_ours(copy.deepcopy(ref.state_dict())))
            with unison.no_grad():
                for p, q in zip(ours, theirs, strict=True):
                    p.copy_(_to_ours(q))
    _assert_same(ours, theirs, "parameters")
    _assert_same(opt.state_dict(), ref.state_dict(), "state_dict")


@pytest.mark.parametrize(("name", "kwargs", "torch_kwargs"), CONFIGURATIONS)
def test_torch_goes_on_from_our_state_dict(name, kwargs, torch_kwargs):
    kwargs = {k: v for k, v in copy.deepcopy(kwargs).items() if k != "capturable"}
    ours, theirs = _parameters("float32")
    opt, ref = _pair(name, ours, theirs, kwargs, copy.deepcopy(torch_kwargs))
    rng = np.random.default_rng(5)
    for step in range(STEPS):
        _give_gradients(rng, ours, theirs)
        opt.step()
        if step >= STEPS // 2:
            ref.step()
        if step == STEPS // 2 - 1:
            ref.load_state_dict(_to_theirs(opt.state_dict()))
            with torch.no_grad():
                for p, q in zip(ours, theirs, strict=True):
                    q.copy_(_to_theirs(p))
    _assert_same(ours, theirs, "parameters")


def _bowl(x):
    """Convex and no quadratic: roundings do not grow on the way down, as they would in a bent valley."""
    return (x.exp() - x).sum() + 3.0 * ((x[1:] - 2.0 * x[:-1]) * (x[1:] - 2.0 * x[:-1])).sum()


@pytest.mark.parametrize(
    "extra", [{}, {"history_size": 2}, {"max_iter": 7, "max_eval": 9}, {"tolerance_change": 1e-3}]
)
@pytest.mark.parametrize("sample", range(5))
def test_lbfgs_follows_torch(sample, extra):
    kwargs = {**INFOS["LBFGS"].optim_inputs_func(device="cpu")[sample].kwargs, **extra}
    start = np.asarray([-1.2, 1.0, 0.4, 1.3])
    x, y = unison.from_numpy(start.copy()).requires_grad_(), torch.from_numpy(start.copy()).requires_grad_()
    opt, ref = unison.optim.LBFGS([x], **_to_ours(kwargs)), torch.optim.LBFGS([y], **kwargs)

    def closure(params, optimizer):
        optimizer.zero_grad()
        loss = _bowl(params)
        loss.backward()
        return loss

    for step in range(4):
        loss, expected = opt.step(lambda: closure(x, opt)), ref.step(lambda: closure(y, ref))
        np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-7, err_msg=f"loss of step {step}")
        np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=1e-7, err_msg=f"step {step}")
    ours, theirs = opt.state_dict(), ref.state_dict()
    _assert_same(ours["param_groups"], theirs["param_groups"], "param_groups")
    assert set(ours["state"][0]) == set(theirs["state"][0])
    assert [ours["state"][0][k] for k in ("n_iter", "func_evals")] == [
        theirs["state"][0][k] for k in ("n_iter", "func_evals")
    ]
    for key in ("old_dirs", "old_stps", "ro", "prev_flat_grad"):
        for a, b in zip(ours["state"][0][key], theirs["state"][0][key], strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-12, err_msg=key)


def test_lbfgs_treats_complex_parameters_as_pairs():
    start = np.asarray([0.5 + 0.2j, -0.3 + 0.9j])
    x, y = unison.from_numpy(start.copy()).requires_grad_(), torch.from_numpy(start.copy()).requires_grad_()

    def closure(params, optimizer):
        optimizer.zero_grad()
        loss = (params - (1.0 - 2.0j)).abs().pow(2).sum()
        loss.backward()
        return loss

    opt = unison.optim.LBFGS([x], lr=0.3, line_search_fn="strong_wolfe")
    ref = torch.optim.LBFGS([y], lr=0.3, line_search_fn="strong_wolfe")
    for _ in range(2):
        opt.step(lambda: closure(x, opt))
        ref.step(lambda: closure(y, ref))
    np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=1e-9)


ERRORS = [
    pytest.param(name, error, id=f"{name}-{error.optimizer_error_input.desc}")
    for name in NAMES
    for error in INFOS[name].optim_error_inputs_func(device="cpu", dtype=torch.float32)
]


def _converted(params):
    """The samples' parameters as ours; the same tensor stays the same tensor."""
    memo = {}

    def convert(value):
        if isinstance(value, torch.Tensor):
            if id(value) not in memo:
                memo[id(value)] = _to_ours(value).requires_grad_(value.requires_grad)
            return memo[id(value)]
        if isinstance(value, list | tuple):
            return type(value)(convert(item) for item in value)
        return {k: convert(v) for k, v in value.items()} if isinstance(value, dict) else value

    return convert(params)


@pytest.mark.parametrize(("name", "error"), ERRORS)
def test_optimizer_refuses_what_torch_refuses(name, error):
    given = error.optimizer_error_input
    params = [unison.zeros(2, 3, requires_grad=True)] if given.params is None else _converted(given.params)
    make = lambda: getattr(unison.optim, name)(params, **_to_ours(given.kwargs))  # noqa: E731
    if issubclass(error.error_type, Warning):
        with pytest.warns(error.error_type, match=error.error_regex):
            make()
    else:
        with pytest.raises(error.error_type, match=error.error_regex):
            make()


@pytest.mark.parametrize("name", NAMES)
def test_optimizer_has_the_signature_of_torch(name):
    import inspect

    ours = inspect.signature(getattr(unison.optim, name).__init__)
    theirs = inspect.signature(getattr(torch.optim, name).__init__)
    assert [(p.name, p.default, p.kind) for p in ours.parameters.values()] == [
        (p.name, p.default, p.kind) for p in theirs.parameters.values()
    ]


@pytest.mark.parametrize("name", NAMES)
def test_optimizer_is_printed_as_torch_prints_it(name):
    ours, theirs = _parameters("float32", [(2,)])
    opt, ref = getattr(unison.optim, name)(ours), getattr(torch.optim, name)(theirs)
    assert repr(opt) == repr(ref)


@pytest.mark.parametrize("name", [n for n in NAMES if "differentiable" in INFOS[n].supported_impls])
def test_differentiable_step_has_the_gradient_of_torch(name):
    """The sum of the updated parameter, differentiated with respect to what the parameter was made of."""
    grads = []
    for lib, optim in ((unison, unison.optim), (torch, torch.optim)):
        leaf = lib.tensor([0.5, -1.0, 2.0], dtype=lib.float64, requires_grad=True)
        gradient = lib.tensor([1.0, 0.3, -0.7], dtype=lib.float64, requires_grad=True)
        param = leaf * 2.0
        opt = getattr(optim, name)([param], lr=0.1, differentiable=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            param.grad = gradient * 3.0
        opt.step()
        (param * param).sum().backward()
        grads.append((leaf.grad.numpy(), None if gradient.grad is None else gradient.grad.numpy()))
    (leaf_ours, grad_ours), (leaf_theirs, grad_theirs) = grads
    np.testing.assert_allclose(leaf_ours, leaf_theirs, rtol=2e-5)
    assert (grad_ours is None) == (grad_theirs is None)
    if grad_theirs is not None:
        np.testing.assert_allclose(grad_ours, grad_theirs, rtol=2e-5, atol=1e-12)
