"""Containers: the same program, written once, leaves the same trace on PyTorch and on Unison."""

from collections import OrderedDict

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.nn.programs import assert_same_trace, error_of  # noqa: E402

PROGRAMS = []


def program(function):
    PROGRAMS.append(pytest.param(function, id=function.__name__))
    return function


@program
def sequential_is_a_list(T):
    nn = T.nn
    model = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    names = [repr(model), len(model), repr(model[1]), repr(model[-1]), repr(model[:2]), repr(model[::2])]
    model[1] = nn.Tanh()
    model.append(nn.Sigmoid()).extend([nn.GELU()]).insert(1, nn.ELU())
    names.append(repr(model))
    del model[0], model[-2:]
    names += [
        repr(model),
        repr(model.pop(0)),
        repr(model + nn.Sequential(nn.ReLU())),
        repr(model * 2),
        repr(2 * model),
    ]
    model += nn.Sequential(nn.ReLU())
    model *= 2
    names += [
        repr(model),
        repr(nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))),
        list(model.state_dict()),
    ]
    names += ["0" in dir(model), [type(layer).__name__ for layer in model]]
    return names + [
        error_of(call)
        for call in (
            lambda: model[99],
            lambda: model["a"],
            lambda: model + 3,
            lambda: model * 0,
            lambda: model * "a",
            lambda: model.insert(0, 3),
            lambda: model.insert(99, nn.ReLU()),
            lambda: model.append(3),
        )
    ]


@program
def module_list_is_a_list(T):
    nn = T.nn
    layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    names = [repr(layers), len(layers), repr(layers[1:]), repr(layers[-1]), repr(nn.ModuleList())]
    layers.append(nn.ReLU()).extend([nn.Tanh(), nn.Tanh()])
    layers.insert(1, nn.ELU())
    layers[0] = nn.GELU()
    longer = layers + [nn.ReLU()]  # noqa: RUF005 - addition is what is tested
    names += [repr(layers), repr(longer)]
    del layers[2:4], layers[0]
    layers += [nn.SiLU()]
    names += [repr(layers), repr(layers.pop(-1)), list(layers.state_dict()), nn.ReLU() in layers]
    return names + [
        error_of(call)
        for call in (
            lambda: layers[99],
            lambda: layers.extend(3),
            lambda: layers(1),
            lambda: layers.append(3),
        )
    ]


@program
def module_dict_is_a_dict(T):
    nn = T.nn
    table = nn.ModuleDict({"b": nn.Linear(1, 1), "a": nn.ReLU()})
    table["c"] = nn.Tanh()
    table.update([("d", nn.GELU())])
    table.update(nn.ModuleDict({"e": nn.ELU()}))
    names = [repr(table), len(table), list(table), list(table.keys()), "a" in table, repr(table.pop("a"))]
    del table["b"]
    names += [[name for name, _ in table.items()], [repr(module) for module in table.values()]]
    names += [
        error_of(call)
        for call in (
            lambda: table["zz"],
            lambda: table.update(3),
            lambda: table.update([3]),
            lambda: table.update([(1, 2, 3)]),
            lambda: table.update({"x": 3}),
            lambda: table(1),
        )
    ]
    table.clear()
    return [*names, repr(table)]


@program
def parameter_list_is_a_list(T):
    nn = T.nn
    values = nn.ParameterList([T.ones(2), nn.Parameter(T.zeros(1, 3))])
    values.append(T.ones(4)).extend([3, "text"])
    names = [list(values.state_dict()), len(values), [type(v).__name__ for v in values], len(values[1:3])]
    values[0] = T.zeros(5)
    values += [T.ones(1)]
    names += [values[0].shape[0], values[-1].shape[0], len(list(values.parameters())), "0" in dir(values)]
    names.append(repr(values).replace("unison", "torch"))
    return names + [
        error_of(call)
        for call in (
            lambda: values[99],
            lambda: values.extend(3),
            lambda: values.extend(T.ones(2)),
            lambda: values(1),
        )
    ]


@program
def parameter_dict_is_a_dict(T):
    nn = T.nn
    table = nn.ParameterDict({"b": T.ones(2), "a": T.ones(1)})
    table["c"] = T.zeros(3)
    table.update([("d", 4)])
    table.update(OrderedDict(z=T.ones(1), y=T.ones(1)))
    names = [list(table), len(table), list(reversed(table)), "a" in table, table.get("nope"), table.get("d")]
    names += [table.setdefault("d", 5), table.setdefault("e", 6), table.pop("e"), table.popitem()[0]]
    names += [list(table.copy()), list(table.fromkeys("pq", 1)), [type(v).__name__ for v in table.values()]]
    del table["a"]
    names += [list(table | nn.ParameterDict({"n": T.ones(1)})), [name for name, _ in table.items()]]
    table |= nn.ParameterDict({"m": T.ones(1)})
    names += [list(table.keys()), list(table.state_dict())]
    names += [
        error_of(call)
        for call in (
            lambda: table["zz"],
            lambda: table.update(3),
            lambda: table.update([3]),
            lambda: table.update([(1, 2, 3)]),
            lambda: nn.ParameterDict([(1, 2)]),
            lambda: table(1),
        )
    ]
    table.clear()
    return [*names, len(table)]


@pytest.mark.parametrize("run", PROGRAMS)
def test_program_leaves_the_same_trace(run):
    assert_same_trace(run)
