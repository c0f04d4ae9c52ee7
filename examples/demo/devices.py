"""Find out on which devices one can train."""

from collections.abc import Iterator
from dataclasses import dataclass

import unison

__all__ = ["Found", "devices_found"]

REFERENCE = "cpu"


@dataclass(frozen=True)
class Found:
    """A device, and why it is left out ("" if it is not)."""

    device: str
    why_not: str = ""


def devices_found() -> list[Found]:
    """List the devices of every backend, the reference first."""
    return sorted(_found(), key=lambda found: (found.device.partition(":")[0] != REFERENCE, found.device))


def _found() -> Iterator[Found]:
    for record in unison.backends():
        if record.status == "quarantined":
            yield Found(record.name, f"{record.reason}; to mend it: {record.fix or 'ask ' + record.origin}")
        elif not record.devices:
            yield Found(record.name, "it has no device here")
        for device in record.devices:
            yield Found(device, _why_no_data(device))


def _why_no_data(device: str) -> str:
    """Try whether numbers that go to the device come back."""
    try:
        came_back = unison.tensor([1.0, 2.0], device=device).tolist()
    except (RuntimeError, NotImplementedError) as error:
        return f"it holds no data ({str(error).partition(';')[0]})"
    return "" if came_back == [1.0, 2.0] else f"1.0, 2.0 came back as {came_back}"
