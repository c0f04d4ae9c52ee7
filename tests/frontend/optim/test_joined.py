"""Small parameters are updated together: the numbers are those of one parameter at a time."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import unison
from unison.optim import _joined

EACH = ["ASGD", "Adadelta", "Adagrad", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"]
SHAPES = [(3,), (2, 2), (), (0,), (5,)]


def _parameters(shapes: Any = SHAPES) -> list[Any]:
    unison.manual_seed(3)
    params: list[Any] = [unison.nn.Parameter(unison.randn(*shape)) for shape in shapes]
    for p in params:
        p.grad = unison.randn(*p.shape)
    return params


def _optimizer(name: str, params: list[Any], **options: Any) -> Any:
    if name == "SGD":
        options = {"momentum": 0.9, **options}
    return getattr(unison.optim, name)(params, lr=0.1, **options)


def _values(optimizer: Any) -> list[Any]:
    """Parameters and state, as lists."""
    return [
        (p.tolist(), {k: (v.shape, v.dtype, v.tolist()) for k, v in optimizer.state[p].items()})
        for p in optimizer.param_groups[0]["params"]
    ]


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1, "maximize": True}], ids=["plain", "decay"])
@pytest.mark.parametrize("name", EACH)
def test_joined_updates_give_the_numbers_of_single_ones(
    name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "Rprop":
        options = {k: v for k, v in options.items() if k == "maximize"}
    joined = _optimizer(name, _parameters(), **options)
    calls: list[int] = []
    update = _joined._update_joined
    monkeypatch.setattr(
        _joined, "_update_joined", lambda rows, *rest: (calls.append(len(rows)), update(rows, *rest))
    )
    for _ in range(3):
        joined.step()
    assert calls == [len(SHAPES)] * 3
    monkeypatch.setattr(_joined, "_SMALL", 0)
    single = _optimizer(name, _parameters(), **options)
    for _ in range(3):
        single.step()
    assert len(calls) == 3
    assert _values(joined) == _values(single)


@pytest.mark.parametrize("name", ["NAdam", "ASGD"])
def test_parameters_whose_numbers_differ_are_not_joined(name: str) -> None:
    joined, single = (_parameters([(3,), (3,), (3,)]) for _ in range(2))
    together = _optimizer(name, joined)
    apart = [_optimizer(name, [p]) for p in single]
    for step in range(3):
        for optimizer in (together, *apart):
            optimizer.step()
        for key in together._scalars if step == 0 else ():
            for optimizer, p in ((together, joined[0]), (apart[0], single[0])):
                optimizer.state[p][key].mul_(0.5)
    for i, optimizer in enumerate(apart):
        assert _values(together)[i] == _values(optimizer)[0]


def test_state_tensors_stay_the_same_objects_with_memory_of_their_own() -> None:
    params = _parameters()
    optimizer = unison.optim.RMSprop(params)
    optimizer.step()
    before = [optimizer.state[p]["square_avg"] for p in params]
    optimizer.step()
    assert all(optimizer.state[p]["square_avg"] is s for p, s in zip(params, before, strict=True))
    assert len({s.data_ptr() for s in before if s.numel()}) == len([s for s in before if s.numel()])
    assert all(s.base is None for s in before)


def test_parameters_listed_twice_are_updated_twice() -> None:
    (p,) = _parameters([(3,)])
    expected = (p.detach() - 2 * 0.1 * p.grad).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unison.optim.SGD([p, p], lr=0.1).step()
    assert p.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("rule", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_parameters_that_share_memory_are_updated_one_after_the_other(rule: str) -> None:
    def stepped(*starts: int) -> list[float]:
        memory = unison.ones(6)
        params = [unison.nn.Parameter(memory[start : start + 4]) for start in (0, 2)]
        for i in starts:
            params[i].grad = unison.full((4,), float(i + 1))
            getattr(unison.optim, rule)([params[i]], lr=0.1, weight_decay=0.1).step()
        return memory.tolist()

    memory = unison.ones(6)
    params = [unison.nn.Parameter(memory[start : start + 4]) for start in (0, 2)]
    for i, p in enumerate(params):
        p.grad = unison.full((4,), float(i + 1))
    getattr(unison.optim, rule)(params, lr=0.1, weight_decay=0.1).step()
    assert memory.tolist() == pytest.approx(stepped(0, 1))


@pytest.mark.parametrize("rule", ["SGD", "RMSprop", "Adam"])
def test_a_parameter_of_repeated_memory_is_refused_and_left_alone(rule: str) -> None:
    memory = unison.ones(1)
    p, q = unison.nn.Parameter(memory.expand(3)), unison.nn.Parameter(unison.ones(3))
    p.grad, q.grad = unison.ones(3), unison.ones(3)
    with pytest.raises(RuntimeError, match=r"share places in memory.*clone"):
        getattr(unison.optim, rule)([p, q], lr=0.1).step()
    assert memory.tolist() == [1.0]
