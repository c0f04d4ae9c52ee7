import contextlib
import gc
import os
import pickle
import signal
import time

import pytest

import unison
from tests.frontend.utils.data.helpers import (
    IGNORED,
    CustomError,
    Dying,
    Failing,
    FailingAlone,
    Slow,
    Squares,
    alive,
    existing_segments,
    identity,
    pids,
    prefixes,
)
from unison.utils.data import DataLoader
from unison.utils.data._utils.failure import Failure

pytestmark = [pytest.mark.filterwarnings(text) for text in IGNORED]


def caught(dataset, **options):
    options = {"num_workers": 2, "multiprocessing_context": "fork", **options}
    with pytest.raises(Exception) as info:
        list(DataLoader(dataset, **options))
    return info.value


def test_worker_error_has_its_class_message_and_traceback():
    error = caught(Failing(ValueError("label out of range")))
    assert type(error) is ValueError
    assert "Caught ValueError in DataLoader worker process 1 (pid " in str(error)
    assert "label out of range" in str(error)
    assert "in __getitem__" in str(error)
    assert "raise self.error" in str(error)


def test_worker_error_in_a_spawned_worker():
    error = caught(FailingAlone(), num_workers=1, multiprocessing_context="spawn")
    assert type(error) is CustomError
    assert error.code == 5


def test_worker_error_keeps_arguments_that_are_no_message():
    error = caught(Failing(KeyError("missing")))
    assert type(error) is KeyError
    assert error.args == ("missing",)
    assert any("Caught KeyError in DataLoader worker process 1" in note for note in error.__notes__)


def test_worker_error_keeps_attributes():
    error = caught(Failing(FileNotFoundError(2, "No such file", "a.png")))
    assert type(error) is FileNotFoundError
    assert (error.errno, error.filename) == (2, "a.png")
    error = caught(Failing(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")))
    assert (error.object, error.reason) == (b"\xff", "invalid start byte")


def test_worker_error_of_a_class_with_another_constructor():
    error = caught(Failing(CustomError(5, "bad checksum")))
    assert type(error) is CustomError
    assert error.code == 5
    assert "bad checksum (5)" in str(error)


def test_worker_error_with_unpicklable_arguments_keeps_its_class():
    error = caught(Failing(CustomError(lambda: 3, "odd")))
    assert type(error) is CustomError
    assert "odd" in str(error)


def test_worker_error_of_a_local_class_becomes_a_runtime_error():
    class LocalError(Exception):
        pass

    error = caught(Failing(LocalError("hidden")))
    assert type(error) is RuntimeError
    assert "Caught LocalError in DataLoader worker process 1" in str(error)
    assert "hidden" in str(error)


def test_worker_error_chain_is_in_the_traceback():
    class Chained(Squares):
        def __getitem__(self, index):
            try:
                {}["inner"]
            except KeyError as error:
                raise RuntimeError("outer") from error

    text = str(caught(Chained(1)))
    assert "KeyError: 'inner'" in text
    assert "direct cause" in text


def test_failure_survives_being_sent():
    failure = pickle.loads(pickle.dumps(Failure(ValueError("x"), 3, 77)))
    assert "worker process 3 (pid 77)" in str(failure.exception())


def test_worker_error_comes_in_its_turn_and_the_pass_goes_on():
    iterator = iter(DataLoader(Failing(ValueError("x"), at=3), batch_size=None, num_workers=2))
    assert [next(iterator) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="x"):
        next(iterator)
    assert list(iterator) == [4, 5, 6, 7]


def test_worker_error_in_the_collate_function():
    def broken(batch):
        raise TypeError("cannot collate")

    assert type(caught([1, 2], collate_fn=broken)) is TypeError


def test_worker_error_in_the_init_function():
    def broken(worker):
        raise OSError(f"no file for {worker}")

    error = caught(Squares(2), worker_init_fn=broken)
    assert type(error) is OSError
    assert "no file for 0" in str(error)


def test_worker_error_when_a_stream_begins():
    class Broken(unison.utils.data.IterableDataset):
        def __iter__(self):
            raise LookupError("no shard")

    assert type(caught(Broken())) is LookupError


def test_worker_error_for_what_cannot_be_sent():
    error = caught([1], collate_fn=lambda batch: lambda: batch)
    assert isinstance(error, (AttributeError, pickle.PicklingError))
    assert "in DataLoader worker process 0" in str(error)


def test_worker_error_for_a_tensor_with_a_graph():
    class WithGraph(Squares):
        def __getitem__(self, index):
            return unison.ones(2, requires_grad=True) * 2

    error = caught(WithGraph(1), collate_fn=identity)
    assert type(error) is RuntimeError
    assert "requires grad and is not a leaf" in str(error)
    assert "detach()" in str(error)


def test_worker_error_keeps_no_worker_alive():
    gc.collect()
    gc.disable()
    try:
        iterator = iter(DataLoader(Failing(ValueError("x"), at=0), num_workers=1))
        processes = pids(iterator)
        with contextlib.suppress(ValueError):
            next(iterator)
        del iterator
        assert not any(map(alive, processes))
    finally:
        gc.enable()


def test_sampler_error_in_the_parent_is_raised_as_it_is():
    def keys():
        yield 0
        raise LookupError("no more")

    with pytest.raises(LookupError, match=r"^'?no more'?$"):
        list(DataLoader(Squares(4), sampler=keys(), num_workers=1))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (signal.SIGKILL, r"exit code -9 \(killed by signal SIGKILL: .*memory runs out"),
        (
            signal.SIGBUS,
            r"exit code -7 \(killed by signal SIGBUS: shared memory is probably full; .*--shm-size",
        ),
        (signal.SIGTERM, r"exit code -15 \(killed by signal SIGTERM: .*num_workers=0"),
        (None, r"exit code 7: "),
    ],
    ids=["SIGKILL", "SIGBUS", "SIGTERM", "os._exit"],
)
def test_worker_death_is_reported_at_once(how, message):
    iterator = iter(DataLoader(Dying(how), num_workers=2))
    processes, names = pids(iterator), prefixes(iterator)
    started = time.monotonic()
    expected = rf"DataLoader worker 1 \(pid {processes[1]}\) exited unexpectedly .*{message}"
    with pytest.raises(RuntimeError, match=expected):
        list(iterator)
    assert time.monotonic() - started < 4
    assert not any(map(alive, processes))
    assert existing_segments(names) == []
    with pytest.raises(StopIteration):
        next(iterator)


def test_worker_killed_from_outside_mid_epoch():
    iterator = iter(DataLoader(Slow(0.05, length=1000), num_workers=2))
    processes = pids(iterator)
    next(iterator)
    os.kill(processes[0], signal.SIGKILL)
    started = time.monotonic()
    with pytest.raises(
        RuntimeError, match=rf"DataLoader worker 0 \(pid {processes[0]}\) exited unexpectedly"
    ):
        list(iterator)
    assert time.monotonic() - started < 4
    assert not any(map(alive, processes))


def test_worker_death_is_seen_though_its_batches_are_there():
    iterator = iter(DataLoader(Squares(1000), num_workers=2))
    next(iterator)
    time.sleep(0.1)
    process = iterator._pool._processes[1]
    process.kill()
    process.join()
    with pytest.raises(RuntimeError, match="DataLoader worker 1"):
        next(iterator)


def test_worker_that_leaves_by_sys_exit_is_reported():
    class Leaving(Squares):
        def __getitem__(self, index):
            raise SystemExit(5)

    assert "exited unexpectedly with exit code 5" in str(caught(Leaving(4)))


def test_persistent_workers_are_replaced_after_a_death():
    loader = DataLoader(Squares(6), num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    list(iterator)
    os.kill(pids(iterator)[1], signal.SIGKILL)
    iterator._pool._processes[1].join()
    with pytest.raises(RuntimeError, match="DataLoader worker 1"):
        iter(loader)
    assert [batch[1].item() for batch in loader] == list(range(6))


def test_persistent_workers_go_on_after_an_error():
    loader = DataLoader(
        Failing(ValueError("x"), at=3), batch_size=None, num_workers=2, persistent_workers=True
    )
    for _ in range(2):
        iterator = iter(loader)
        processes = pids(iterator)
        assert [next(iterator) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="x"):
            next(iterator)
        del iterator
    assert pids(iter(loader)) == processes


def test_workers_that_cannot_start_leave_nothing(monkeypatch):
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"local|pickle"):
        iter(
            DataLoader(Squares(4), num_workers=1, collate_fn=lambda batch: 0, multiprocessing_context="spawn")
        )
