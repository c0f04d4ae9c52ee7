"""Train a digits CNN and a character GPT on every device found, and say how far the devices agree.

python -m examples.demo --devices cpu strict --seconds 60 --output demo-output
"""

import argparse
import math
import sys
from pathlib import Path

from examples.demo.agreement import table
from examples.demo.devices import devices_found
from examples.demo.plots import draw
from examples.demo.progress import print_table, progress
from examples.demo.runs import JOBS, Job, Run, run


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--devices", nargs="+", help="train on these only (default: every device found)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        help="longest time, after its first step, for one model on one device but the first",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for the plots")
    return parser.parse_args()


def choose_devices(wanted: list[str] | None) -> list[str]:
    """List what was found, and return what to train on.

    Raises:
        SystemExit: there is nothing to train on.
    """
    found = devices_found()
    print("Devices found")
    for one in found:
        print(f"  {one.device:<12} {'not trained: ' + one.why_not if one.why_not else 'will be trained'}")
    devices = [one.device for one in found if not one.why_not and (wanted is None or one.device in wanted)]
    if missing := sorted(set(wanted or ()) - set(devices)):
        raise SystemExit(f"cannot train on {', '.join(missing)}; see the list above")
    if not devices:
        raise SystemExit("no device to train on; `unison info` says more about each backend")
    return devices


def run_job(job: Job, devices: list[str], seed: int, seconds: float) -> list[Run]:
    """Train one example on all devices, one after the other; only the first may take as long as it needs."""
    runs = []
    for device in devices:
        with progress(f"{job.title} on {device}", job.steps) as show:
            runs.append(run(job, device, seed, math.inf if device == devices[0] else seconds, show))
    return runs


def main() -> int:
    """Train, draw, compare; return 1 if a device failed."""
    options = arguments()
    devices = choose_devices(options.devices)
    failed = False
    for job in JOBS:
        print()
        runs = run_job(job, devices, options.seed, options.seconds)
        print_table(f"{job.title}: agreement with {devices[0]} (largest differences)", table(runs))
        print(f"loss curves: {draw(job, runs, options.output)}")
        if runs[0].result is not None and hasattr(runs[0].result, "sample"):
            print(f"\n{devices[0]} writes:\n{runs[0].result.sample}")
        failed |= any(one.failure for one in runs)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
