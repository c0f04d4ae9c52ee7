"""`unison.cuda`, `unison.opencl`, `unison.accelerator`: which device is meant, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import unison
from tests.core import small_backend
from unison._kind import Kind, which
from unison_core import plugins
from unison_core.plugins import BackendManifest
from unison_core.plugins.loading import BackendRecord


class ManyBackend(small_backend.SmallBackend):
    """Three devices that count memory."""

    name = "many"
    indexed = True
    limit = 0

    def device_count(self) -> int:
        return 3

    def memory(self, device: Any) -> dict[str, int]:
        told = {"used": 100, "held": 20, "peak": 300, "peak_held": 400, "total": 1000, "free": 600}
        return told | ({"limit": self.limit} if self.limit else {})

    def limit_memory(self, device: Any, size: int) -> None:
        self.limit = size


@pytest.fixture
def many() -> Iterator[Kind]:
    """The kind of a backend with three devices."""
    with small_backend.registered("many", load=f"{__name__}:ManyBackend"):
        yield Kind("many")


def record(name: str, count: int, **changes: Any) -> BackendRecord:
    manifest = BackendManifest(name, 1, "", **changes)
    names = tuple(f"{name}:{i}" for i in range(count))
    return BackendRecord(name, "somewhere", status="available", devices=names, manifest=manifest)


def only(monkeypatch: pytest.MonkeyPatch, *records: BackendRecord) -> None:
    """These backends are all there is."""
    monkeypatch.setattr(which, "backends", lambda: list(records))
    monkeypatch.setattr(which, "probed", lambda name: next((r for r in records if r.name == name), None))


def test_asking_for_one_kind_looks_at_no_other_backend(many: Kind) -> None:
    """One that is slow to say what it has slows down nobody who does not ask for it."""

    def probe() -> None:
        raise AssertionError("nobody asked for it")

    with small_backend.registered("slow", probe=probe):
        assert many.is_available()
        assert plugins.require("slow").status == "found"
        assert not Kind("slow").is_available()
        assert plugins.require("slow").status == "quarantined"


def test_cuda_is_not_available_without_its_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    assert not unison.cuda.is_available()
    assert not unison.cuda.is_initialized()
    assert not unison.cuda.is_bf16_supported()
    assert unison.cuda.device_count() == 0
    unison.cuda.manual_seed_all(1)
    unison.cuda.empty_cache()
    for ask in (
        unison.cuda.current_device,
        unison.cuda.Stream,
        unison.cuda.Event,
        unison.cuda.memory_allocated,
    ):
        with pytest.raises(RuntimeError, match=r"no cuda device here: unison.backends\(\) lists"):
            ask()


def test_devices_of_a_usable_backend_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = record("cuda", 3)
    broken.status = "quarantined"
    only(monkeypatch, broken)
    assert unison.cuda.device_count() == 0
    only(monkeypatch, record("cuda", 2))
    assert unison.cuda.device_count() == 2


def test_the_accelerator_is_the_default_devices_or_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    host = record("cpu", 1, accelerator=False)
    only(monkeypatch, host)
    assert unison.accelerator.current_accelerator() is None
    assert not unison.accelerator.is_available()
    with pytest.raises(RuntimeError, match="no accelerator device here"):
        unison.accelerator.synchronize()
    only(monkeypatch, host, record("cuda", 1), record("opencl", 4))
    assert str(unison.accelerator.current_accelerator()) == "cuda"
    with unison.device("opencl:0"):
        assert str(unison.accelerator.current_accelerator()) == "opencl"
        assert unison.accelerator.device_count() == 4


def test_the_current_device_is_what_the_name_alone_means(many: Kind) -> None:
    assert many.current_device() == 0
    many.set_device(2)
    assert str(unison.zeros(2, device="many").device) == "many:2"
    with many.device(1):
        assert many.current_device() == 1
        with many.device_of(unison.zeros(1, device="many:0")):
            assert many.current_device() == 0
        with many.device_of(unison.zeros(1)):
            assert many.current_device() == 1
    assert many.current_device() == 2
    many.set_device(-1)
    assert many.current_device() == 2
    with pytest.raises(RuntimeError, match=r"no device 'many:3': backend 'many' has 3 device"):
        many.set_device(3)
    with pytest.raises(RuntimeError, match="Expected a many device, but got: cpu"):
        many.synchronize("cpu")


def test_memory_is_told_in_torchs_terms(many: Kind) -> None:
    assert many.memory_allocated() == 100
    assert many.memory_reserved(1) == 120
    assert many.max_memory_allocated() == 300
    assert many.max_memory_reserved() == 400
    assert many.mem_get_info() == (600, 1000)
    assert many.memory_stats()["reserved_bytes.all.current"] == 120
    assert "many:0" in many.memory_summary()


def test_a_share_of_the_memory_can_be_set(many: Kind) -> None:
    assert many.get_per_process_memory_fraction() == 1
    many.set_per_process_memory_fraction(0.25)
    assert many.get_per_process_memory_fraction() == 0.25
    with pytest.raises(ValueError, match=r"Invalid fraction value: 1.5. Allowed range: 0~1"):
        many.set_per_process_memory_fraction(1.5)
    with pytest.raises(TypeError, match="must be `float`"):
        many.set_per_process_memory_fraction("half")


def test_a_backend_that_does_not_count_says_so() -> None:
    with pytest.raises(NotImplementedError, match="does not say 'used' of its devices' memory"):
        _plain().memory_allocated()
    with pytest.raises(NotImplementedError, match="cannot limit what tensors take"):
        _plain()._device().backend.limit_memory(_plain()._device(), 1)


def _plain() -> Kind:
    """A kind whose backend has nothing but what `Backend` has."""

    class Plain(Kind):
        def _device(self, device: Any = None) -> Any:
            return unison.ones(1, device="strict:0").device

    return Plain("strict")


def test_modules_of_devices_are_found_by_their_kind() -> None:
    assert unison.get_device_module("cuda") is unison.cuda
    assert unison.get_device_module(unison.device("opencl:0")) is unison.opencl
    assert unison.get_device_module() is unison.accelerator
    assert isinstance(unison.get_device_module("strict"), Kind)
    with pytest.raises(RuntimeError, match="no device type 'abacus'"):
        unison.get_device_module("abacus")


def test_pinning_needs_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    with pytest.raises(RuntimeError, match="no accelerator device here"):
        unison.zeros(2).pin_memory()
    with pytest.raises(RuntimeError, match="no accelerator device here"):
        unison.zeros(2, pin_memory=True)
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned"):
        unison.zeros(2, device="strict").pin_memory()
    with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned"):
        unison.zeros(2, device="strict", pin_memory=True)
    assert not unison.zeros(2).is_pinned()


def test_a_backend_without_pinned_memory_leaves_tensors_as_they_are(many: Kind) -> None:
    x = unison.zeros(2)
    assert x.pin_memory("many") is x
    with unison.device("many"):
        assert unison.ones(2, device="cpu", pin_memory=True).tolist() == [1, 1]
    assert x.to("many", non_blocking=True).tolist() == [0, 0]
