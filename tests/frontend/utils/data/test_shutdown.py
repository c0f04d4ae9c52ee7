"""What is left after the end, whatever the end: each script prints `ready` with its workers' pids and prefixes."""

import gc
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.frontend.utils.data.helpers import (
    IGNORED,
    Slow,
    Squares,
    alive,
    eventually,
    existing_segments,
    pids,
    prefixes,
)
from unison.utils.data import DataLoader

pytestmark = [pytest.mark.filterwarnings(text) for text in IGNORED]

SETUP = """
import json, os, sys, time
import unison
from unison.utils.data import DataLoader, Dataset

class Images(Dataset):
    delay = 0.0
    def __len__(self):
        return 100_000
    def __getitem__(self, index):
        if index > 8:
            time.sleep(self.delay)
        return unison.zeros(60, 60)

def ready(*iterators):
    processes = [p.pid for it in iterators for p in it._pool._processes]
    prefixes = [r._prefix for it in iterators for r in it._pool._readers]
    print(json.dumps([processes, prefixes]), flush=True)

if __name__ == "__main__":
    iterator = iter(DataLoader(Images(), batch_size=2, num_workers=2))
    next(iterator), next(iterator), next(iterator)
"""


@pytest.fixture
def start():
    """Starts a script, and ends it when the test is over, whatever the outcome."""
    started = []
    yield lambda body: _start(body, started)
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def _start(body, started):
    """The script's process, its workers' pids and their prefixes, once it is ready."""
    script = SETUP + "\n".join("    " + line for line in body.strip().splitlines())
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started.append(process)
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    processes, prefixes = json.loads(line)
    return process, processes, prefixes


def assert_nothing_left(processes, prefixes):
    assert eventually(lambda: not any(map(alive, processes))), "workers are still running"
    assert eventually(lambda: not existing_segments(prefixes)), existing_segments(prefixes)


def test_dropping_the_iterator_ends_its_workers_at_once():
    iterator = iter(DataLoader(Squares(1000, large=True), num_workers=2))
    next(iterator), next(iterator)
    processes, names = pids(iterator), prefixes(iterator)
    assert all(map(alive, processes))
    assert existing_segments(names)
    gc.disable()
    try:
        del iterator
        assert not any(map(alive, processes))
        assert existing_segments(names) == []
    finally:
        gc.enable()


def test_a_lost_finalizer_is_made_up_for():
    iterator = iter(DataLoader(Squares(1000, large=True), num_workers=1))
    next(iterator)
    processes, names = pids(iterator), prefixes(iterator)
    iterator._collected.detach()
    del iterator
    assert all(map(alive, processes))
    assert [batch[1].item() for batch in DataLoader(Squares(2), num_workers=1)] == [0, 1]
    assert not any(map(alive, processes))
    assert existing_segments(names) == []


def test_breaking_out_of_the_loop_ends_the_workers():
    started = time.monotonic()
    for batch in DataLoader(Squares(1000, large=True), num_workers=2, prefetch_factor=8):
        assert batch[1].item() == 0
        break
    assert time.monotonic() - started < 3


def test_workers_busy_with_a_batch_may_finish_it():
    iterator = iter(DataLoader(Slow(0.3), num_workers=1))
    worker = iterator._pool._processes[0]
    popen = worker._popen
    time.sleep(0.1)
    del iterator
    assert popen.returncode == 0


def test_workers_drop_what_they_have_not_begun():
    iterator = iter(DataLoader(Slow(0.4, length=50), num_workers=1, prefetch_factor=20))
    time.sleep(0.1)
    started = time.monotonic()
    del iterator
    assert time.monotonic() - started < 3


def test_workers_that_take_too_long_are_terminated(monkeypatch):
    from unison.utils.data._utils import pool

    monkeypatch.setattr(pool, "GRACE_SECONDS", 0.1)
    iterator = iter(DataLoader(Slow(60), num_workers=2))
    popens = [process._popen for process in iterator._pool._processes]
    time.sleep(0.3)
    started = time.monotonic()
    del iterator
    assert time.monotonic() - started < 5
    assert [popen.returncode for popen in popens] == [-signal.SIGTERM] * 2


def test_ctrl_c_while_waiting_for_a_batch(start):
    process, processes, names = start("Images.delay = 0\nready(iterator)\nfor batch in iterator: pass")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode in (1, -signal.SIGINT, 130)
    assert errors.count("Traceback") == 1, errors
    assert "KeyboardInterrupt" in errors
    assert "leaked" not in errors
    assert_nothing_left(processes, names)


def test_ctrl_c_between_batches_can_be_handled(start):
    process, processes, names = start(
        "ready(iterator)\n"
        "try:\n    for batch in iterator: time.sleep(0.05)\n"
        "except KeyboardInterrupt: del iterator\n"
        "import multiprocessing\n"
        "print(len(multiprocessing.active_children()))"
    )
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output.strip(), errors) == (0, "0", "")
    assert_nothing_left(processes, names)


def test_ctrl_c_while_workers_start(start):
    process, processes, names = start(
        "import signal\nready(iterator)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.1)\n"
        "signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))\n"
        "try:\n"
        "    while True: it = iter(DataLoader(Images(), num_workers=2)); next(it); del it\n"
        "except KeyboardInterrupt: pass\n"
        "del iterator\n"
        "it = None\n"
        "import multiprocessing\n"
        "print(len(multiprocessing.active_children()))"
    )
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert output.strip() == "0"
    assert "leaked" not in errors
    assert_nothing_left(processes, names)


def test_ctrl_c_while_a_dropped_iterator_is_cleaned_up_is_not_lost(start):
    process, processes, names = start(
        "Images.delay = 60\n"
        "busy = iter(DataLoader(Images(), sampler=[0, 9], num_workers=1))\n"
        "next(busy)\n"
        "ready(iterator, busy)\n"
        "del busy\n"
        "time.sleep(60)"
    )
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=4)
    assert errors.count("Traceback") == 1, errors
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert_nothing_left(processes, names)


def test_interpreter_exit_with_iterators_alive(start):
    process, processes, names = start(
        "loader = DataLoader(Images(), num_workers=1, persistent_workers=True)\n"
        "other = iter(loader)\nnext(other)\nready(iterator, other)"
    )
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert_nothing_left(processes, names)


def test_uncaught_error_in_the_loop(start):
    process, processes, names = start("ready(iterator)\nfor batch in iterator: raise ValueError('stop')")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors.count("Traceback") == 1, errors
    assert "ValueError: stop" in errors
    assert_nothing_left(processes, names)


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 15)"])
def test_parent_that_vanishes_leaves_no_workers_and_no_segments(start, end):
    process, processes, names = start(f"Images.delay = 60\nready(iterator)\n{end}")
    process.communicate(timeout=20)
    assert_nothing_left(processes, names)


def test_parent_and_workers_killed_at_once_leave_no_segments(start):
    process, processes, names = start("ready(iterator)\ntime.sleep(60)")
    assert existing_segments(names)
    for pid in (process.pid, *processes):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert_nothing_left(processes, names)


def test_orphans_are_noticed_though_another_child_holds_the_pipes(start):
    process, processes, names = start(
        "if os.fork() == 0: time.sleep(8); os._exit(0)\nready(iterator)\nos._exit(0)"
    )
    process.wait(timeout=20)
    assert_nothing_left(processes, names)


def test_forked_child_does_not_close_its_parents_pool():
    iterator = iter(DataLoader(Squares(8), num_workers=1))
    next(iterator)
    child = os.fork()
    if child == 0:
        iterator._collected()
        del iterator
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert [batch[1].item() for batch in iterator] == list(range(1, 8))
