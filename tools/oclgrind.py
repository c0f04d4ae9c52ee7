"""Run the level-1 cases of the operators on Oclgrind, which watches every access of every work-item, and sum up.

`make oclgrind`; needs the program `oclgrind` (Debian's package of that name). Oclgrind reports reads and writes
outside buffers, writes to constant memory, divergent barriers and races between work-items; reads of memory that was
never written are found by the suite itself, which poisons what it hands out. Several operators share a process, since
Oclgrind keeps memory. `--ops` and `--dtype` choose as in `conformance run`.
"""

from __future__ import annotations

import argparse
import collections
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from unison_core import operator, ops

DEVICE = "opencl:0"
TOGETHER = 10
"""Operators in one process."""
_PATIENCE = 300
"""Seconds for a case: work-items are interpreted one by one."""
# The optimiser's code for bools (`zext` of an `or` of two `i1`) is one that Oclgrind 21.10 computes 255 for.
OPTIONS = ["--data-races", "--build-options", "-cl-opt-disable"]


def run(program: str, names: Sequence[str], arguments: Sequence[str], log: Path) -> tuple[int, list[str]]:
    """The exit code of the suite under Oclgrind, and what it said.

    Without the memory pool, so that a buffer ends where its array ends, and without binaries built otherwise.
    """
    suite = [sys.executable, "-m", "unison_conformance", "run", "--device", DEVICE, "--jobs", "1"]
    suite += ["--timeout", str(_PATIENCE)]
    command = [program, *OPTIONS, "--log", str(log), *suite, "--ops", ",".join(names), *arguments]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYOPENCL_NO_CACHE": "1",
        "UNISON_OPENCL_POOL": "off",
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.returncode, (done.stdout or done.stderr).splitlines()


def complaints(log: Path) -> collections.Counter[str]:
    """How often Oclgrind said what, of which kernel."""
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    found: collections.Counter[str] = collections.Counter()
    for block in re.split(r"\n\s*\n", text):
        kernel = re.search(r"Kernel: (\w+)", block)
        if kernel:
            what = re.sub(r" at \w+ memory address 0x\w+", "", block.strip().splitlines()[0])
            found[f"{what} (kernel {kernel[1]})"] += 1
    return found


def main() -> int:
    """Run, print, and write the summary."""
    words = argparse.ArgumentParser(description=main.__doc__)
    words.add_argument("--out", type=Path, help="where to write the summary, as Markdown")
    words.add_argument("--ops", default="*", help="only these operators (patterns, by commas)")
    options, rest = words.parse_known_args()
    program = shutil.which("oclgrind")
    if program is None:
        print(
            "oclgrind is not installed; Debian and Ubuntu have it: apt-get install oclgrind", file=sys.stderr
        )
        return 2
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    patterns = options.ops.split(",")
    declared = sorted(name for name in ops.__all__ if name in operator.registry)
    names = [name for name in declared if any(fnmatch.fnmatch(name, p) for p in patterns)]
    verdicts: collections.Counter[str] = collections.Counter()
    said: collections.Counter[str] = collections.Counter()
    failed: list[str] = []
    start = time.monotonic()
    for at in range(0, len(names), TOGETHER):
        some = names[at : at + TOGETHER]
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "oclgrind.log")
            code, lines = run(program, some, rest, log)
            said += complaints(log)
        totals = next((line for line in lines if re.match(r"\d+ [A-Z_]+(, \d+ [A-Z_]+)*$", line)), "")
        for count, verdict in re.findall(r"(\d+) ([A-Z_]+)", totals):
            verdicts[verdict] += int(count)
        if code or not totals:
            failed += [line for line in lines if re.match("FAIL|CRASH|TIMEOUT|ERROR", line)] or lines[-3:]
        counted = ", ".join(f"{n} {v}" for v, n in verdicts.items())
        seconds = time.monotonic() - start
        print(
            f"{at + len(some):4d} of {len(names)} operators, {seconds:.0f} s: {counted}; "
            f"{sum(said.values())} complaints",
            flush=True,
        )
    report = [
        "# The C kit under Oclgrind",
        "",
        (
            f"`{' '.join(['make oclgrind', *_given(options.ops, rest)])}` ran the level-1 cases of {len(names)} "
            f"operators on {version.stdout.strip().splitlines()[0]} with its check for data races, kernels compiled "
            f"with `{OPTIONS[-1]}`, each array in a buffer of its own length."
        ),
        "",
        f"Complaints: {sum(said.values()) or 'none'}.",
        *(f"- {count} x {text}" for text, count in said.most_common()),
        "",
        f"What the suite said: {', '.join(f'{n:,} {v}' for v, n in verdicts.items())}.",
        *(f"- `{line}`" for line in failed),
    ]
    if options.out:
        options.out.write_text("\n".join(report) + "\n", encoding="utf-8")
    print(f"oclgrind: {sum(said.values()) or 'no'} complaints, {len(failed)} other failures")
    return int(bool(said or failed))


def _given(patterns: str, rest: Sequence[str]) -> list[str]:
    words = [*([f"--ops {patterns}"] if patterns != "*" else []), *rest]
    return [f"ARGS='{' '.join(words)}'"] if words else []


if __name__ == "__main__":
    sys.exit(main())
