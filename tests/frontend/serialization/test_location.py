from __future__ import annotations

import copy
import pickle
import zipfile

import numpy as np
import pytest

import unison
from unison.serialization._storage import Storage


def test_device_and_its_name_move_everything(saved):
    path = saved([unison.arange(4.0), unison.nn.Parameter(unison.ones(2))])
    for target in ("meta", unison.device("meta")):
        x, p = unison.load(path, target)
        assert {str(x.device), str(p.device)} == {"meta"}
        assert type(p) is unison.nn.Parameter
        assert tuple(x.shape) == (4,)


def test_views_keep_their_layout_on_another_device(saved):
    x = unison.arange(12.0).reshape(3, 4).t()[1:]
    y = unison.load(saved(x), map_location="meta")
    assert (tuple(y.shape), tuple(y.stride())) == (tuple(x.shape), tuple(x.stride()))


def test_mapping_translates_the_names_it_has(saved):
    path = saved(unison.arange(4.0))
    assert str(unison.load(path, {"cpu": "meta"}).device) == "meta"
    assert str(unison.load(path, {"cuda:0": "meta"}).device) == "cpu"


def test_callable_gets_storage_and_tag_and_decides(saved):
    path = saved([unison.arange(4.0), unison.arange(3)])
    seen = []

    def map_location(storage, tag):
        seen.append((type(storage), storage.nbytes(), str(storage.device), tag))
        return storage.to("meta") if storage.nbytes() == 24 else None

    x, y = unison.load(path, map_location)
    assert seen == [(Storage, 16, "cpu", "cpu"), (Storage, 24, "cpu", "cpu")]
    assert (str(x.device), str(y.device)) == ("cpu", "meta")


def test_callable_that_returns_the_storage_keeps_it_on_the_host(saved):
    path = saved(unison.arange(4.0))
    assert str(unison.load(path, lambda storage, tag: storage).device) == "cpu"
    assert str(unison.load(path, lambda storage, tag: storage.to("meta").cpu()).device) == "cpu"


def test_callable_that_returns_something_else_is_refused(saved):
    with pytest.raises(TypeError, match="should return the storage or None, not str"):
        unison.load(saved(unison.ones(1)), lambda storage, tag: tag)


def test_device_that_does_not_exist_is_named_with_the_way_out(saved):
    path = saved(unison.ones(1))
    with pytest.raises(RuntimeError, match=r"map_location names device 'nope'.*pass map_location='cpu'"):
        unison.load(path, "nope")
    with pytest.raises(RuntimeError, match=r"storage '0' belongs on device 'nope'.*pass map_location='cpu'"):
        unison.load(path, {"cpu": "nope"})


def test_map_location_of_another_type_is_refused(saved):
    with pytest.raises(
        TypeError, match="map_location is None, a device, its name, a dict of names or a callable"
    ):
        unison.load(saved(1), 3.5)


def test_storage_on_an_unknown_device_is_read_with_map_location(checkpoint):
    pid = b"(X\x07\x00\x00\x00storagectorch\nIntStorage\nX\x01\x00\x00\x000X\x05\x00\x00\x00far:0K\x02tQ"
    content = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + pid + b"K\x00K\x02\x85K\x01\x85\x89}tR."
    records = {"data/0": np.array([5, 6], "<i4").tobytes()}
    with pytest.raises(RuntimeError, match=r"storage '0' belongs on device 'far:0'"):
        unison.load(checkpoint(content, records))
    assert unison.load(checkpoint(content, records), map_location="cpu").tolist() == [5, 6]


def test_views_on_another_device_are_stored_once_and_alias_again(saved):
    x = unison.arange(12.0).reshape(3, 4).to("strict")
    path = saved({"rows": x[1:], "turned": x.t(), "parameter": unison.nn.Parameter(x[0])})
    with zipfile.ZipFile(path) as archive:
        assert [name for name in archive.namelist() if "/data/" in name] == ["archive/data/0"]
    for target in (None, "cpu"):
        loaded = unison.load(path, target)
        assert {t.device for t in loaded.values()} == {unison.empty(0, device=target or "strict").device}
        assert tuple(loaded["turned"].stride()) == (1, 4)
        loaded["rows"].zero_()
        assert loaded["turned"].cpu().tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]]
        assert loaded["parameter"].tolist() == [0, 1, 2, 3]


def test_pickle_and_deepcopy_keep_the_device():
    x = unison.arange(6.0).reshape(2, 3).to("strict").t()
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.device == x.device
        assert y.cpu().tolist() == [[0, 3], [1, 4], [2, 5]]
