"""What all optimisers share: groups, state, saving, hooks, errors."""

import copy
import pickle
import subprocess
import sys
import types

import pytest

import unison
from unison.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)

EACH = ["ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"]


def _parameter(*values, grad=None):
    param = unison.tensor(list(values), requires_grad=True)
    if grad is not None:
        param.grad = unison.tensor(grad)
    return param


class Doubling(Optimizer):
    """An optimiser as a user writes one."""

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["calls"] = state.get("calls", 0) + 1
                with unison.no_grad():
                    p.mul_(group["factor"])


def test_optimizer_of_a_user_runs():
    p = _parameter(1.0, 2.0)
    opt = Doubling([p], {"factor": 2.0})
    opt.step()
    opt.step()
    assert p.tolist() == [4.0, 8.0]
    assert opt.state_dict()["state"] == {0: {"calls": 2}}


def test_optimizer_base_has_no_step():
    with pytest.raises(NotImplementedError, match="Optimizer must define step"):
        Optimizer([_parameter(1.0)], {}).step()


@pytest.mark.parametrize("given", [3, None, unison.ones(2)])
def test_optimizer_refuses_what_is_no_iterable_of_parameters(given):
    with pytest.raises(TypeError, match="iterable of Tensors or dicts, but got"):
        unison.optim.SGD(given)


def test_optimizer_refuses_an_empty_list():
    with pytest.raises(ValueError, match="empty parameter list"):
        unison.optim.SGD(iter([]))


def test_optimizer_refuses_what_is_no_tensor():
    with pytest.raises(TypeError, match="can only optimize Tensors, but one of the params is float"):
        unison.optim.SGD([_parameter(1.0), 3.0])


def test_optimizer_refuses_a_non_leaf():
    with pytest.raises(ValueError, match="non-leaf Tensor"):
        unison.optim.SGD([_parameter(1.0) * 2])


def test_optimizer_refuses_a_set():
    with pytest.raises(TypeError, match="use a list"):
        unison.optim.SGD([{"params": {_parameter(1.0)}}])


def test_optimizer_refuses_a_parameter_in_two_groups_and_keeps_the_first():
    p = _parameter(1.0)
    opt = unison.optim.SGD([p])
    with pytest.raises(ValueError, match="more than one parameter group"):
        opt.add_param_group({"params": [p]})
    assert len(opt.param_groups) == 1


def test_optimizer_refuses_a_group_that_is_no_dict():
    with pytest.raises(TypeError, match="param_group must be a dict"):
        unison.optim.SGD([_parameter(1.0)]).add_param_group([_parameter(2.0)])


def test_optimizer_refuses_a_group_without_params():
    with pytest.raises(KeyError, match="no entry 'params'"):
        unison.optim.SGD([_parameter(1.0)]).add_param_group({"lr": 0.1})


def test_optimizer_asks_for_required_options():
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        Doubling([_parameter(1.0)], {"lr": required})
    assert Doubling([{"params": _parameter(1.0), "lr": 1}], {"lr": required}).param_groups[0]["lr"] == 1


def test_optimizer_warns_of_a_duplicate():
    p = _parameter(1.0)
    with pytest.warns(UserWarning, match="a parameter group with duplicate parameters"):
        unison.optim.SGD([p, p])


def test_optimizer_keeps_names():
    opt = unison.optim.SGD([("a", _parameter(1.0)), ("b", _parameter(2.0))])
    assert opt.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="Some param names are missing"):
        unison.optim.SGD([("a", _parameter(1.0)), _parameter(2.0)])
    with pytest.raises(ValueError, match="cannot add param group without names"):
        opt.add_param_group({"params": [_parameter(3.0)]})


def test_group_options_override_defaults():
    p, q = _parameter(1.0, grad=[1.0]), _parameter(1.0, grad=[1.0])
    unison.optim.SGD([{"params": [p], "lr": 0.5}, {"params": q}], lr=0.25).step()
    assert (p.item(), q.item()) == (0.5, 0.75)


@pytest.mark.parametrize("name", EACH)
def test_step_leaves_parameters_without_gradient_alone(name):
    p, q = _parameter(1.0, 2.0), _parameter(3.0, grad=[1.0])
    getattr(unison.optim, name)([p, q], lr=0.1).step()
    assert p.tolist() == [1.0, 2.0]
    assert q.item() != 3.0


@pytest.mark.parametrize("name", EACH)
def test_step_changes_the_parameter_in_place_and_not_the_gradient(name):
    p = _parameter(1.0, 2.0, grad=[0.5, -1.0])
    alias = p.detach()
    getattr(unison.optim, name)([p], lr=0.1).step()
    assert alias.tolist() == p.tolist() != [1.0, 2.0]
    assert p.grad.tolist() == [0.5, -1.0]
    assert p.is_leaf
    assert p.requires_grad


@pytest.mark.parametrize("name", EACH)
def test_step_evaluates_the_closure_with_gradients(name):
    p = _parameter(3.0)
    opt = getattr(unison.optim, name)([p], lr=0.1)

    def closure():
        opt.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with unison.no_grad():
        assert opt.step(closure).item() == 9.0
    assert abs(p.item()) < 3.0


def test_step_restores_the_gradient_mode_after_an_error():
    opt = unison.optim.SGD([_parameter(1.0)])

    def closure():
        raise RuntimeError("no loss")

    with pytest.raises(RuntimeError, match="no loss"):
        opt.step(closure)
    assert unison.is_grad_enabled()
    opt.step()


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none):
    p, q = _parameter(1.0, 2.0, grad=[3.0, 4.0]), _parameter(5.0)
    grad = p.grad
    unison.optim.SGD([p, q]).zero_grad(set_to_none)
    assert q.grad is None
    if set_to_none:
        assert p.grad is None
        assert grad.tolist() == [3.0, 4.0]
    else:
        assert p.grad.tolist() == [0.0, 0.0]


@pytest.mark.filterwarnings("ignore:Using backward")
def test_zero_grad_cuts_a_gradient_from_its_graph():
    p = _parameter(1.0, 2.0)
    (p * p * p).sum().backward(create_graph=True)
    assert p.grad.grad_fn is not None
    opt = unison.optim.SGD([p])
    opt.zero_grad(set_to_none=False)
    assert p.grad.grad_fn is None
    assert p.grad.tolist() == [0.0, 0.0]
    opt.zero_grad()


def test_state_shows_step_counts_as_tensors_which_may_be_written():
    p = _parameter(1.0, grad=[1.0])
    opt = unison.optim.Adam([p])
    for _ in range(3):
        opt.step()
    count = opt.state[p]["step"]
    assert isinstance(count, unison.Tensor)
    assert (count.item(), count.dtype, count.ndim) == (3.0, unison.float32, 0)
    opt.state[p]["step"].fill_(7)
    opt.step()
    assert opt.state[p]["step"].item() == 8.0
    assert opt.state_dict()["state"][0]["step"].item() == 8.0


def test_state_dict_shares_tensors_and_numbers_parameters_through_all_groups():
    params = [_parameter(1.0, grad=[1.0]) for _ in range(3)]
    opt = unison.optim.SGD([{"params": params[:2]}, {"params": params[2]}], momentum=0.5)
    opt.step()
    saved = opt.state_dict()
    assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2]]
    assert saved["state"][2]["momentum_buffer"] is opt.state[params[2]]["momentum_buffer"]


@pytest.mark.parametrize("name", EACH)
def test_resumed_run_gives_the_same_bits(name):
    runs = []
    for resume in (False, True):
        p = _parameter(1.0, -2.0, 0.3)
        opt = getattr(unison.optim, name)([p], lr=0.1)
        for i in range(6):
            if resume and i == 3:
                p = _parameter(*p.tolist())
                saved, opt = copy.deepcopy(opt.state_dict()), getattr(unison.optim, name)([p], lr=0.5)
                opt.load_state_dict(saved)
            p.grad = unison.tensor([0.1 * i, 1.0 - i, 2.0])
            opt.step()
        runs.append(p.tolist())
    assert runs[0] == runs[1]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("name", EACH)
def test_copy_goes_on_like_the_original(name, duplicate):
    p = _parameter(1.0, 2.0, grad=[0.5, -0.25])
    opt = getattr(unison.optim, name)([p], lr=0.1)
    opt.step()
    other = duplicate(opt)
    q = other.param_groups[0]["params"][0]
    assert q is not p
    q.grad = unison.tensor([0.5, -0.25])
    opt.step()
    other.step()
    assert p.tolist() == q.tolist()
    other.register_step_post_hook(lambda *_: None)


def test_load_state_dict_converts_to_the_dtype_of_the_parameter():
    p = _parameter(1.0, grad=[1.0])
    opt = unison.optim.Adam([p])
    opt.step()
    q = unison.tensor([1.0], dtype=unison.float64, requires_grad=True)
    other = unison.optim.Adam([q])
    other.load_state_dict(opt.state_dict())
    assert other.state[q]["exp_avg"].dtype == unison.float64
    assert other.state[q]["step"].dtype == unison.float32


def test_load_state_dict_of_an_older_version_takes_missing_options_from_the_defaults():
    p = _parameter(1.0, grad=[1.0])
    opt = unison.optim.Adam([p], lr=0.1)
    saved = copy.deepcopy(opt.state_dict())
    for option in ("maximize", "differentiable", "decoupled_weight_decay"):
        del saved["param_groups"][0][option]
    saved["state"] = {0: {"step": 4, "exp_avg": unison.zeros(1), "exp_avg_sq": unison.zeros(1)}}
    opt.load_state_dict(saved)
    opt.step()
    assert opt.state[p]["step"].item() == 5.0


def _broken(saved, how):
    saved = copy.deepcopy(saved)
    if how == "groups":
        saved["param_groups"].append(saved["param_groups"][0])
    elif how == "size":
        saved["param_groups"][0]["params"].append(1)
    else:
        del saved[how]
    return saved


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("groups", ValueError, "different number of parameter groups: 2 instead of 1"),
        (
            "size",
            ValueError,
            "doesn't match the size of optimizer's group: group 0 has 2 parameters instead of 1",
        ),
        ("state", KeyError, "'state' is missing"),
        ("param_groups", KeyError, "'param_groups' is missing"),
    ],
)
def test_load_state_dict_refuses_what_does_not_fit_and_changes_nothing(how, error, text):
    p = _parameter(1.0, grad=[1.0])
    opt = unison.optim.SGD([p], lr=0.1, momentum=0.9)
    opt.step()
    before, buffer = copy.deepcopy(opt.param_groups[0]["lr"]), opt.state[p]["momentum_buffer"]
    saved = _broken(opt.state_dict(), how)
    if "param_groups" in saved:
        saved["param_groups"][0]["lr"] = 9.0
    with pytest.raises(error, match=text):
        opt.load_state_dict(saved)
    assert opt.param_groups[0]["lr"] == before
    assert opt.state[p]["momentum_buffer"] is buffer


def test_step_hooks_run_around_the_step_and_may_replace_its_arguments():
    p = _parameter(1.0, grad=[1.0])
    opt = unison.optim.SGD([p], lr=0.5)
    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append(("every pre", p.item()))),
        opt.register_step_pre_hook(
            lambda o, args, kwargs: (args, {"closure": lambda: seen.append("closure")})
        ),
        opt.register_step_post_hook(lambda o, args, kwargs: seen.append(("post", p.item(), list(kwargs)))),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("every post")),
    ]
    opt.step()
    assert seen == [("every pre", 1.0), "closure", ("post", 0.5, ["closure"]), "every post"]
    for handle in handles:
        handle.remove()
    opt.step()
    assert len(seen) == 4


def test_step_pre_hook_must_return_a_pair():
    opt = unison.optim.SGD([_parameter(1.0)])
    opt.register_step_pre_hook(lambda *_: 3)
    with pytest.raises(RuntimeError, match=r"None or a tuple of \(new_args, new_kwargs\), but got 3"):
        opt.step()


def test_step_hooks_run_once_when_a_subclass_calls_its_base():
    class Twice(unison.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step(closure)

    p = _parameter(1.0, grad=[1.0])
    opt, seen = Twice([p], lr=0.25), []
    opt.register_step_post_hook(lambda *_: seen.append(p.item()))
    opt.step()
    assert seen == [0.5]


def test_state_dict_hooks_run_and_may_replace():
    p = _parameter(1.0)
    opt, seen = unison.optim.SGD([p], lr=0.5), []
    opt.register_state_dict_pre_hook(lambda o: seen.append("second"))
    opt.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    opt.register_state_dict_post_hook(lambda o, saved: {**saved, "note": 1})
    saved = opt.state_dict()
    assert (seen, saved["note"]) == (["first", "second"], 1)
    opt.register_load_state_dict_pre_hook(
        lambda o, given: {**given, "param_groups": [{**given["param_groups"][0], "lr": 0.125}]}
    )
    opt.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    opt.load_state_dict(saved)
    assert seen[2:] == [0.125]
    assert saved["param_groups"][0]["lr"] == 0.5


def test_scheduler_sees_that_step_was_overridden():
    opt = unison.optim.SGD([_parameter(1.0)])
    sched = unison.optim.lr_scheduler.StepLR(opt, 3)
    step = opt.step
    opt.step = types.MethodType(lambda self, closure=None: step(closure), opt)
    opt.step()
    with pytest.warns(UserWarning, match="has been overridden"):
        sched.step()


@pytest.mark.parametrize("name", EACH)
def test_fused_and_foreach_and_capturable_change_no_value(name):
    import inspect

    results = []
    accepted = inspect.signature(getattr(unison.optim, name)).parameters
    for option in (None, *(o for o in ("foreach", "fused", "capturable") if o in accepted)):
        p = _parameter(1.0, -2.0, grad=[0.5, 0.25])
        opt = getattr(unison.optim, name)([p], lr=0.1, **({option: True} if option else {}))
        opt.step()
        opt.step()
        results.append(p.tolist())
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_fused_excludes_differentiable_and_foreach(name):
    for other in ("differentiable", "foreach"):
        with pytest.raises(RuntimeError, match=other):
            getattr(unison.optim, name)([_parameter(1.0)], fused=True, **{other: True})


def test_import_needs_only_the_standard_library_and_unison():
    code = (
        "import sys, unison; before = set(sys.modules); import unison.optim; "
        "new = {m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names); "
        "assert new <= {'unison'}, new; assert 'unison.optim.swa_utils' not in sys.modules; "
        "assert unison.optim.swa_utils.SWALR"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_module_says_what_it_has_not():
    with pytest.raises(AttributeError, match=r"'unison.optim' has no attribute 'Nadam'"):
        _ = unison.optim.Nadam
