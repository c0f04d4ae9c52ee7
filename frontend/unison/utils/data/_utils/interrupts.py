"""Ctrl-C at a bad moment: sections that it must not cut, and raising it again where it would be lost."""

import _thread
import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["interrupt_soon", "masked", "uninterrupted"]


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Within the block Ctrl-C is only noted; it has its effect when the block ends."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    noted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        noted = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if noted:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def masked() -> Iterator[None]:
    """Processes started within the block begin with Ctrl-C blocked, until they have chosen what to do with it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def interrupt_soon(seconds: float = 0.05) -> None:
    """Ctrl-C once more, when the finalizer that has caught this one is over: there it would be printed and lost."""
    again = threading.Timer(seconds, _interrupt_main)
    again.daemon = True
    # At interpreter exit no thread can be started, and nothing is left to interrupt.
    with contextlib.suppress(RuntimeError):
        again.start()


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):
        # A real signal, which also ends a sleep or a read.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
