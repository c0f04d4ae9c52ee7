"""Module: the same program, written once, leaves the same trace on PyTorch and on Unison."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.nn.programs import assert_same_trace, error_of, nested  # noqa: E402

PROGRAMS = []


def program(function):
    PROGRAMS.append(pytest.param(function, id=function.__name__))
    return function


@program
def names_of_parameters_buffers_and_modules(T):
    tree = nested(T)
    return [
        [name for name, _ in tree.named_parameters()],
        [name for name, _ in tree.named_parameters(prefix="p", recurse=False)],
        [name for name, _ in tree.named_parameters(remove_duplicate=False)],
        [name for name, _ in tree.named_buffers()],
        [name for name, _ in tree.named_modules()],
        [name for name, _ in tree.named_modules(remove_duplicate=False)],
        [name for name, _ in tree.named_children()],
        len(list(tree.parameters())),
        len(list(tree.buffers())),
        len(list(tree.modules())),
        len(list(tree.children())),
        list(tree.state_dict()),
        list(tree.state_dict(prefix="x.")),
        sorted(tree.state_dict()._metadata.items()),
    ]


@program
def setting_attributes_moves_names_between_tables(T):
    module = T.nn.Module()
    module.a = T.nn.Parameter(T.ones(1))
    module.b = T.nn.Linear(1, 1)
    module.c = T.nn.Buffer(T.ones(1))
    module.d = 3
    trace = [list(module._parameters), list(module._modules), list(module._buffers), "d" in module.__dict__]
    module.d = T.nn.Parameter(T.ones(1))
    module.b = T.nn.Parameter(T.ones(1))
    module.c = T.ones(1)
    module.a = None
    trace += [list(module._parameters), list(module._modules), list(module._buffers), "d" in module.__dict__]
    trace += [error_of(lambda: setattr(module, "a", T.ones(1))), error_of(lambda: setattr(module, "c", 3))]
    del module.a, module.c
    module.a = T.ones(1)
    trace += [list(module._parameters), "a" in module.__dict__, error_of(lambda: module.c)]
    trace += [error_of(lambda: delattr(module, "zz"))]
    return trace


@program
def registering_refuses(T):
    module = T.nn.Module()
    module.taken = 1
    parameter = T.nn.Parameter(T.ones(1))
    refused = [
        lambda: module.register_parameter("taken", parameter),
        lambda: module.register_parameter("a.b", parameter),
        lambda: module.register_parameter("", parameter),
        lambda: module.register_parameter(3, parameter),
        lambda: module.register_parameter("x", T.ones(1)),
        lambda: module.register_buffer("taken", T.ones(1)),
        lambda: module.register_buffer("a.b", T.ones(1)),
        lambda: module.register_buffer("", T.ones(1)),
        lambda: module.register_buffer("x", 3),
        lambda: module.add_module("taken", T.nn.ReLU()),
        lambda: module.add_module("a.b", T.nn.ReLU()),
        lambda: module.add_module("", T.nn.ReLU()),
        lambda: module.add_module("x", T.ones(1)),
        lambda: module.add_module(3, T.nn.ReLU()),
        lambda: module.nothing,
        lambda: module(1),
        lambda: module.train("yes"),
        lambda: T.nn.Module(3),
        lambda: T.nn.Module(a=3),
        lambda: module.load_state_dict(3),
        lambda: module.to(T.int64),
    ]

    class Early(T.nn.Module):
        def __init__(self, value):
            self.early = value

    refused += [lambda: Early(parameter), lambda: Early(T.nn.ReLU())]
    return [error_of(call) for call in refused]


@program
def submodules_by_path(T):
    tree = nested(T)
    found = [tree.get_submodule("") is tree, tree.get_submodule("first") is tree.first]
    found += [
        tree.get_parameter("first.weight") is tree.first.weight,
        tree.get_buffer("first.kept") is tree.first.kept,
    ]
    tree.set_submodule("first", T.nn.ReLU())
    tree.set_submodule("second.inner", T.nn.ReLU())
    found += [type(tree.first).__name__, type(tree.second.inner).__name__]
    calls = [
        lambda: tree.get_submodule("nope"),
        lambda: tree.get_submodule("second.weight"),
        lambda: tree.get_parameter("second.kept"),
        lambda: tree.get_parameter("second.nope"),
        lambda: tree.get_buffer("second.weight"),
        lambda: tree.get_buffer("second.nope"),
        lambda: tree.set_submodule("", T.nn.ReLU()),
        lambda: tree.set_submodule("first", 3),
        lambda: tree.set_submodule("second.fresh", T.nn.ReLU(), strict=True),
        lambda: tree.set_submodule("second.weight", T.nn.ReLU()),
    ]
    return found + [error_of(call) for call in calls]


@program
def modes_and_freezing(T):
    tree = nested(T)
    tree.eval()
    trace = [[module.training for module in tree.modules()]]
    tree.train()
    tree.requires_grad_(False)
    trace += [[module.training for module in tree.modules()], [p.requires_grad for p in tree.parameters()]]
    seen = []
    tree.apply(lambda module: seen.append(type(module).__name__))
    return [*trace, seen]


@program
def forward_hooks_in_order(T):
    trace = []
    layer = nested(T).first

    def note(name, result=None):
        def hook(module, *values):
            trace.append((name, [len(v) if isinstance(v, (tuple, dict)) else "tensor" for v in values]))
            return result

        return hook

    layer.register_forward_pre_hook(note("pre"))
    layer.register_forward_pre_hook(note("pre first"), prepend=True)
    layer.register_forward_pre_hook(note("pre kwargs"), with_kwargs=True)
    handle = layer.register_forward_hook(note("post"))
    layer.register_forward_hook(note("post first"), prepend=True)
    layer.register_forward_hook(note("post kwargs"), with_kwargs=True)
    layer(T.ones(3), scale=2.0)
    handle.remove()
    handle.remove()
    layer(T.ones(3))
    return trace


@program
def forward_hooks_that_change(T):
    layer = nested(T).first
    layer.register_forward_pre_hook(lambda module, args: args[0] + 1)
    layer.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {**kwargs, "scale": 3.0}), with_kwargs=True
    )
    layer.register_forward_hook(lambda module, args, output: output * 10)
    trace = [layer(T.ones(3)).tolist()]
    with layer.register_forward_hook(lambda module, args, output: output + 1):
        trace.append(layer(T.ones(3)).tolist())
    trace.append(layer(T.ones(3)).tolist())
    layer.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    return [*trace, error_of(lambda: layer(T.ones(3)))]


@program
def hooks_that_are_always_called(T):
    trace = []
    layer = nested(T).first
    layer.register_forward_hook(lambda *_: trace.append("usual"))
    layer.register_forward_hook(lambda *_: trace.append("always"), always_call=True)
    layer.register_forward_hook(
        lambda *_: trace.append("with kwargs"), always_call=True, with_kwargs=True, prepend=True
    )
    layer(T.ones(3))
    trace.append(error_of(lambda: layer("no tensor", scale="x")))

    def fails(*_):
        raise KeyError("hook")

    layer.register_forward_hook(fails, always_call=True)
    trace.append(error_of(lambda: layer("no tensor", scale="x")))
    trace.append(error_of(lambda: layer(T.ones(3))))
    return trace


@program
def backward_hooks_see_gradients(T):
    trace = []
    tree = nested(T)

    def lists(gradients):
        return [None if g is None else g.tolist() for g in gradients]

    tree.first.register_full_backward_hook(lambda m, gi, go: trace.append(("hook", lists(gi), lists(go))))
    tree.first.register_full_backward_pre_hook(lambda m, go: trace.append(("pre", lists(go))))
    tree.second.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    tree.second.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,))
    x = T.ones(3, requires_grad=True)
    tree(x).sum().backward()
    trace += [x.grad.tolist(), tree.first.weight.grad.tolist(), tree.second.weight.grad.tolist()]
    tree(T.ones(3)).sum().backward()
    with T.no_grad():
        tree(T.ones(3))
    tree.second.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    trace.append(error_of(lambda: tree(x).sum().backward()))
    return trace


@program
def backward_hooks_with_several_inputs_and_outputs(T):
    trace = []

    class Two(T.nn.Module):
        def forward(self, x, number, y):
            return x * y, number, x + y

    module = Two()

    def lists(gradients):
        return [None if g is None else g.tolist() for g in gradients]

    module.register_full_backward_hook(lambda m, gi, go: trace.append((lists(gi), lists(go))))
    x, y = T.ones(2, requires_grad=True), T.ones(2)
    product, number, total = module(x, 7, y)
    (product * 2 + total).sum().backward()
    return [*trace, number, x.grad.tolist(), y.grad]


@program
def global_hooks(T):
    trace = []
    hooks = T.nn.modules.module
    handles = [
        hooks.register_module_forward_pre_hook(lambda m, args: trace.append(("pre", type(m).__name__))),
        hooks.register_module_forward_hook(lambda m, args, out: trace.append(("post", type(m).__name__))),
        hooks.register_module_full_backward_hook(lambda m, gi, go: trace.append(("back", type(m).__name__))),
        hooks.register_module_full_backward_pre_hook(
            lambda m, go: trace.append(("before", type(m).__name__))
        ),
        hooks.register_module_parameter_registration_hook(lambda m, name, p: trace.append(name)),
        hooks.register_module_buffer_registration_hook(lambda m, name, b: trace.append(name)),
        hooks.register_module_module_registration_hook(lambda m, name, c: trace.append(name)),
    ]
    try:
        tree = nested(T)
        tree(T.ones(3, requires_grad=True)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    nested(T)(T.ones(3))
    return trace


@program
def loading_reports_all_keys(T):
    def keys_in(error):
        return sorted(word.strip('".,') for word in str(error).split() if word.startswith('"'))

    tree = nested(T)
    state = tree.state_dict()
    trace = [tuple(tree.load_state_dict(state))]
    del state["first.weight"], state["second.kept"]
    state["stranger"] = T.ones(1)
    state["second.stranger"] = T.ones(1)
    trace.append([list(keys) for keys in tree.load_state_dict(state, strict=False)])
    try:
        tree.load_state_dict(state)
    except RuntimeError as error:
        trace.append(keys_in(error))
    state["second.weight"] = T.ones(4)
    state["first.kept"] = [1, 2]
    try:
        tree.load_state_dict(state)
    except RuntimeError as error:
        text = str(error)
        trace += [keys_in(error), "size mismatch for second.weight" in text, text.count("\n")]
    return trace


@program
def loading_copies_or_assigns(T):
    tree = nested(T)
    weight = tree.first.weight
    state = {name: value + 1 for name, value in tree.state_dict().items()}
    tree.load_state_dict(state)
    trace = [tree.first.weight is weight, weight.tolist(), weight.requires_grad]
    weight.requires_grad_(False)
    tree.load_state_dict({name: value.double() for name, value in state.items()}, assign=True)
    assigned = tree.first.weight
    return [*trace, assigned is weight, assigned.dtype == T.float64, assigned.requires_grad]


@program
def state_hooks(T):
    trace = []
    tree = nested(T)
    leaf = tree.first
    leaf.register_state_dict_pre_hook(lambda m, prefix, keep: trace.append(("pre", prefix, keep)))
    leaf.register_state_dict_post_hook(lambda m, state, prefix, meta: state.update({prefix + "more": 1}))
    leaf.register_load_state_dict_pre_hook(
        lambda m, state, prefix, *rest: trace.append((type(m).__name__, prefix, state.pop(prefix + "more")))
    )
    leaf.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.append("made up"))
    state = tree.state_dict()
    trace.append(list(state))
    trace.append(error_of(lambda: tree.load_state_dict(state)))
    trace.append([list(keys) for keys in tree.load_state_dict(state, strict=False)])
    leaf.register_load_state_dict_post_hook(lambda m, keys: 3)
    trace.append(error_of(lambda: tree.load_state_dict(state)))
    leaf.register_state_dict_post_hook(lambda m, *rest: {})
    return [*trace, error_of(tree.state_dict)]


@program
def extra_state(T):
    class Counting(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    model = T.nn.Sequential(Counting(), T.nn.Linear(1, 1))
    model[0].count = 5
    state = model.state_dict()
    other = T.nn.Sequential(Counting(), T.nn.Linear(1, 1))
    other.load_state_dict(state)
    del state["0._extra_state"]
    plain = T.nn.Sequential(T.nn.ReLU(), T.nn.Linear(1, 1))
    return [
        other[0].count,
        list(other.state_dict()),
        error_of(lambda: other.load_state_dict(state)),
        error_of(lambda: plain.load_state_dict(model.state_dict())),
    ]


@program
def conversions(T):
    tree = nested(T)
    tree.register_buffer("whole", T.ones(2, dtype=T.int64))
    weight = tree.first.weight
    tree(T.ones(3)).sum().backward()
    names = [str(tree.to(dtype).first.weight.dtype).split(".")[-1] for dtype in (T.float16, T.float64)]
    names += [str(tree.whole.dtype).split(".")[-1], str(weight.grad.dtype).split(".")[-1]]
    names += [
        str(tree.half().first.kept.dtype).split(".")[-1],
        str(tree.float().first.kept.dtype).split(".")[-1],
    ]
    names += [str(tree.bfloat16().first.kept.dtype).split(".")[-1], tree.first.weight is weight]
    names += [str(tree.to(T.ones(1, dtype=T.float64)).first.kept.dtype).split(".")[-1]]
    tree.zero_grad(set_to_none=False)
    names.append(weight.grad.tolist())
    tree.zero_grad()
    return [*names, weight.grad]


@program
def copies_are_apart(T):
    tree = nested(T)
    twin = copy.deepcopy(tree)
    with T.no_grad():
        twin.first.weight.add_(1)
    return [
        tree.first.weight.tolist(),
        twin.shared is twin.first,
        twin.tied is twin.first.weight,
        [name for name, _ in twin.named_parameters()],
        twin.first.weight.requires_grad,
    ]


@program
def lazy_modules_take_shape_and_load(T):
    lazy = T.nn.Sequential(T.nn.LazyLinear(4), T.nn.LazyBatchNorm1d())
    other = T.nn.Sequential(copy.deepcopy(lazy[0]), T.nn.LazyBatchNorm1d())
    trace = [repr(lazy), T.nn.parameter.is_lazy(lazy[0].weight), lazy[0].has_uninitialized_params()]
    trace += [error_of(lambda: lazy[0].weight.shape), error_of(lazy.share_memory)]
    trace += [error_of(lambda: T.nn.Linear(3, 4).load_state_dict(lazy[0].state_dict()))]
    lazy(T.ones(2, 3))
    trace += [repr(lazy), type(lazy[0]).__name__, list(lazy.state_dict()), len(lazy[0]._forward_pre_hooks)]
    other.load_state_dict(lazy.state_dict())
    trace += [tuple(other[0].weight.shape), type(other[0]).__name__]
    other.double()
    other(T.ones(2, 3, dtype=T.float64))
    trace += [
        type(other[1]).__name__,
        tuple(other[0].weight.shape),
        str(other[0].weight.dtype).split(".")[-1],
    ]
    return [*trace, error_of(lambda: T.nn.LazyConv2d(4, 3)(T.ones(2, 2)))]


@program
def parameters_and_buffers_by_themselves(T):
    parameter = T.nn.Parameter(T.ones(2))
    with T.no_grad():
        quiet = T.nn.Parameter(T.ones(2))
    twin = copy.deepcopy(parameter)
    buffer = T.nn.Buffer(T.ones(2), persistent=False)
    return [
        repr(parameter).replace("unison", "torch"),
        type(parameter * 2).__name__,
        quiet.requires_grad,
        type(twin).__name__,
        twin.requires_grad,
        isinstance(buffer, T.nn.Buffer),
        buffer.persistent,
        buffer.requires_grad,
        T.nn.Parameter().shape[0],
        T.nn.Parameter(T.ones(1, dtype=T.int64), requires_grad=False).requires_grad,
        error_of(lambda: T.nn.Parameter(T.ones(1, dtype=T.int64))),
    ]


@pytest.mark.parametrize("run", PROGRAMS)
def test_program_leaves_the_same_trace(run):
    assert_same_trace(run)
