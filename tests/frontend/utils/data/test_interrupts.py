import os
import signal
import threading
import time

import pytest

from unison.utils.data._utils.interrupts import interrupt_soon, masked, uninterrupted


def test_uninterrupted_holds_ctrl_c_until_the_block_ends():
    reached = []

    def run():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            reached.append("end of the block")
        reached.append("after it")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert reached == ["end of the block"]


def test_uninterrupted_restores_the_handler_and_keeps_errors():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(LookupError), uninterrupted():
        raise LookupError
    assert signal.getsignal(signal.SIGINT) is before


def test_uninterrupted_calls_the_programs_own_handler_once():
    calls = []
    before = signal.signal(signal.SIGINT, lambda *_: calls.append(1))
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            assert calls == []
        assert calls == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_uninterrupted_does_nothing_in_another_thread_or_when_ignored():
    errors = []

    def run():
        try:
            with uninterrupted():
                pass
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_masked_blocks_and_unblocks():
    with masked():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_interrupt_soon_ends_a_sleep():
    started = time.monotonic()
    interrupt_soon(0.3)
    with pytest.raises(KeyboardInterrupt):
        time.sleep(20)
    assert time.monotonic() - started < 10
