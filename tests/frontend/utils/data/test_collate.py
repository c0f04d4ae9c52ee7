from collections import OrderedDict, UserDict, UserList, defaultdict, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

import unison
from unison.utils.data import default_collate, default_convert
from unison.utils.data._utils.collate import collate, default_collate_fn_map

Point = namedtuple("Point", ["x", "y"])


def described(value):
    """Structure, types, dtypes and values, comparable by ==."""
    if isinstance(value, unison.Tensor):
        return ("tensor", value.dtype, value.tolist())
    if hasattr(value, "items"):
        return (type(value), {key: described(item) for key, item in value.items()})
    if isinstance(value, (list, tuple, UserList)):
        return (type(value), [described(item) for item in value])
    return value


def tensor(values, dtype):
    return ("tensor", dtype, values)


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ([1, 2], tensor([1, 2], unison.int64)),
        ([True, False], tensor([True, False], unison.bool)),
        ([0.5, 2], tensor([0.5, 2.0], unison.float64)),
        (["a", "b"], (list, ["a", "b"])),
        ([b"a", b"b"], (list, [b"a", b"b"])),
        ([np.float32(1), np.float32(2)], tensor([1.0, 2.0], unison.float32)),
        ([np.bool_(True), np.bool_(False)], tensor([True, False], unison.bool)),
        ([np.arange(2, dtype=np.int16), np.arange(2, dtype=np.int16)], tensor([[0, 1], [0, 1]], unison.int16)),
        ([(1, "a"), (2, "b")], (list, [tensor([1, 2], unison.int64), (tuple, ["a", "b"])])),
        ([[1, 2], [3, 4]], (list, [tensor([1, 3], unison.int64), tensor([2, 4], unison.int64)])),
        ([Point(1, 2), Point(3, 4)], (Point, [tensor([1, 3], unison.int64), tensor([2, 4], unison.int64)])),
        ([{"a": 1}, {"a": 2}], (dict, {"a": tensor([1, 2], unison.int64)})),
        ([OrderedDict(a=1), OrderedDict(a=2)], (OrderedDict, {"a": tensor([1, 2], unison.int64)})),
        ([UserDict(a=1), UserDict(a=2)], (UserDict, {"a": tensor([1, 2], unison.int64)})),
        ([MappingProxyType({"a": 1})], (MappingProxyType, {"a": tensor([1], unison.int64)})),
        ([UserList([1]), UserList([2])], (UserList, [tensor([1, 2], unison.int64)])),
        ([range(2), range(2)], (list, [tensor([0, 0], unison.int64), tensor([1, 1], unison.int64)])),
        ([{"a": (1, [2.0])}, {"a": (3, [4.0])}],
         (dict, {"a": (list, [tensor([1, 3], unison.int64), (list, [tensor([2.0, 4.0], unison.float64)])])})),
    ],
    ids=lambda value: type(value[0]).__name__ if isinstance(value, list) else "",
)  # fmt: skip
def test_default_collate_of(batch, expected):
    assert described(default_collate(batch)) == expected


def test_default_collate_stacks_tensors():
    batch = default_collate([unison.ones(2, 3), unison.zeros(2, 3)])
    assert tuple(batch.shape) == (2, 2, 3)
    assert batch.tolist() == [[[1.0] * 3] * 2, [[0.0] * 3] * 2]


def test_default_collate_keeps_a_defaultdict_and_leaves_samples_alone():
    samples = [defaultdict(list, a=1), defaultdict(list, a=2)]
    batch = default_collate(samples)
    assert type(batch) is defaultdict
    assert batch.default_factory is list
    assert samples == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ([], IndexError, "index"),
        ([None], TypeError, r"batch must contain tensors.*found <class 'NoneType'>.*collate_fn"),
        ([{1, 2}], TypeError, "found <class 'set'>"),
        ([np.array(["a"])], TypeError, "found an array of dtype <U1"),
        ([np.array([None])], TypeError, "found an array of dtype object"),
        ([[1, 2], [1]], RuntimeError, r"each element in list of batch should be of equal size.*\[1, 2\]"),
        ([{"a": 1}, {"b": 1}], KeyError, "a"),
        ([1, 2**63], (ValueError, RuntimeError), "verflow"),
    ],
)
def test_default_collate_refuses(batch, error, message):
    with pytest.raises(error, match=message):
        default_collate(batch)


def test_default_collate_refuses_tensors_of_different_shapes():
    with pytest.raises(RuntimeError):
        default_collate([unison.ones(2), unison.ones(3)])


class Words:
    def __init__(self, text):
        self.text = text


def join(batch, *, collate_fn_map=None):
    return " ".join(words.text for words in batch)


def test_collate_table_can_be_extended(monkeypatch):
    monkeypatch.setitem(default_collate_fn_map, Words, join)
    assert default_collate([(Words("a"), 1), (Words("b"), 2)])[0] == "a b"


def test_collate_finds_functions_of_base_classes_and_passes_the_table_on():
    class Longer(Words):
        pass

    seen = []

    def record(batch, *, collate_fn_map=None):
        seen.append(collate_fn_map)
        return join(batch)

    table = {(Words, set): record}
    assert collate([[Longer("a")], [Longer("b")]], collate_fn_map=table) == ["a b"]
    assert seen == [table]


def test_default_convert_turns_arrays_into_tensors_only():
    data = {
        "a": [np.arange(2), "text", b"bytes"],
        "p": Point(np.int64(3), None),
        "t": (1, np.ones(1, np.float32)),
    }
    assert described(default_convert(data)) == (
        dict,
        {
            "a": (list, [tensor([0, 1], unison.int64), "text", b"bytes"]),
            "p": (Point, [tensor(3, unison.int64), None]),
            "t": (list, [1, tensor([1.0], unison.float32)]),
        },
    )


def test_default_convert_leaves_tensors_and_text_arrays():
    kept = unison.ones(2)
    assert default_convert(kept) is kept
    text = np.array(["a"])
    assert default_convert(text) is text
