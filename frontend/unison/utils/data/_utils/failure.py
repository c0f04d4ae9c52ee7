"""Carrying an exception from a worker process to its parent without losing its class, its data or its traceback."""

import pickle
import traceback
from typing import Any

__all__ = ["Failure"]


class Failure:
    """An exception caught in worker `worker_id`, in a form that can be sent and raised again.

    The exception keeps class, arguments and attributes. The worker's traceback becomes part of the message where the
    exception is a plain message, and a note on it otherwise. A class that cannot be sent becomes a RuntimeError.
    """

    def __init__(self, error: BaseException, worker_id: int, pid: int) -> None:
        text = "".join(traceback.format_exception(error)).rstrip()
        kind = type(error).__name__
        self._origin = f"Caught {kind} in DataLoader worker process {worker_id} (pid {pid}).\nOriginal {text}"
        self._payload = _dumps(error)

    def exception(self) -> BaseException:
        """The exception to raise in the parent."""
        error = _loads(self._payload) if self._payload is not None else None
        if error is None:
            return RuntimeError(self._origin)
        if len(error.args) == 1 and isinstance(error.args[0], str) and str(error) == error.args[0]:
            error.args = (self._origin,)
            if str(error) == self._origin:
                return error
        error.add_note(self._origin)
        return error


def _dumps(error: BaseException) -> bytes | None:
    """The first form of error that survives the way there and back: whole, without attributes, with textual args."""
    state = {key: value for key, value in vars(error).items() if key != "__notes__"}
    textual = tuple(str(arg) for arg in error.args)
    for form in ((error, None, None), (type(error), error.args, state), (type(error), textual, None)):
        try:
            payload = pickle.dumps(form)
            if type(_loads(payload)) is type(error):
                return payload
        except Exception:  # noqa: BLE001, S112 - a user's class may do anything here; the next form is plainer
            continue
    return None


def _loads(payload: bytes) -> BaseException:
    error, args, state = pickle.loads(payload)  # noqa: S301 - from our own process
    return error if isinstance(error, BaseException) else _build(error, args, state)


def _build(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any] | None) -> BaseException:
    """Without `__init__`, whose parameters need not be `args`."""
    error = kind.__new__(kind, *args)
    error.args = args
    if state:
        vars(error).update(state)
    return error
