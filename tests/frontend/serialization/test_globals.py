from __future__ import annotations

import os
import pickle
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest

import unison
from unison.serialization import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals


@dataclass
class Config:
    width: int
    weights: object = None


class Slotted:
    __slots__ = ("a",)


class Stated:
    def __setstate__(self, state):
        self.seen = state


class Table(dict):
    pass


class Rows(list):
    pass


def test_class_is_read_once_it_is_allowed(saved):
    path = saved(Config(3, unison.arange(2)))
    with pytest.raises(pickle.UnpicklingError, match=r"Config'.*add_safe_globals\(\[Config\]\)"):
        unison.load(path)
    add_safe_globals([Config])
    loaded = unison.load(path)
    assert loaded.width == 3
    assert loaded.weights.tolist() == [0, 1]


def test_slots_setstate_and_subclasses_of_containers_are_read(saved):
    slotted, stated = Slotted(), Stated()
    slotted.a, stated.x = 1, 2
    table, rows = Table(b=3), Rows([4])
    table.note = "noted"
    path = saved([slotted, stated, table, rows, defaultdict(list, c=[5])])
    with safe_globals([Slotted, Stated, Table, Rows, defaultdict, list]):
        slotted, stated, table, rows, default = unison.load(path)
    assert (slotted.a, stated.seen, table, rows) == (1, {"x": 2}, {"b": 3}, [4])
    assert (type(table), table.note, type(rows)) == (Table, "noted", Rows)
    assert default == {"c": [5]}
    assert default.default_factory is list


def test_block_allows_and_then_forgets(saved):
    path = saved(Config(1))
    add_safe_globals([Slotted])
    with safe_globals([Config]):
        assert unison.load(path) == Config(1)
        assert get_safe_globals() == [Slotted, Config]
    assert get_safe_globals() == [Slotted]
    with pytest.raises(pickle.UnpicklingError, match="Config"):
        unison.load(path)


def test_another_name_can_be_given_for_a_class(checkpoint):
    content = pickle.dumps(Config(2), 2).replace(Config.__module__.encode(), b"old.place")
    with safe_globals([(Config, "old.place.Config")]):
        assert get_safe_globals() == [(Config, "old.place.Config")]
        assert unison.load(checkpoint(content)) == Config(2)


def test_clear_forgets_everything():
    add_safe_globals([Config])
    clear_safe_globals()
    assert get_safe_globals() == []


@pytest.mark.parametrize("function", [os.system, eval, getattr, os.remove])
def test_function_that_runs_anything_stays_refused(function, checkpoint, tmp_path):
    (tmp_path / "file").touch()
    content = pickle.dumps(function, 2)
    with (
        safe_globals([function]),
        pytest.raises(pickle.UnpicklingError, match="stays refused although it was added"),
    ):
        unison.load(checkpoint(content))


def test_entry_that_has_no_name_is_refused():
    with pytest.raises(TypeError, match=r"a class, a function or a pair.*not 5"):
        add_safe_globals([5])


def test_allowing_a_class_allows_no_other(saved):
    path = saved([Config(1), Slotted])
    with safe_globals([Config]), pytest.raises(pickle.UnpicklingError, match="Slotted"):
        unison.load(path)


def test_numpy_arrays_are_read_once_their_classes_are_allowed(saved):
    path = saved({"a": np.arange(3.0), "s": np.float64(2)})
    with pytest.raises(pickle.UnpicklingError, match="asks for 'numpy"):
        unison.load(path)
    reconstruct, scalar = np.zeros(1).__reduce__()[0], np.float64(2).__reduce__()[0]
    with safe_globals([reconstruct, scalar, np.ndarray, np.dtype, np.dtypes.Float64DType]):
        loaded = unison.load(path)
    np.testing.assert_array_equal(loaded["a"], [0, 1, 2])
    assert loaded["s"] == 2
