"""Run the quick conformance run on Oclgrind, which watches every access of every work-item, and sum up what it says.

`make oclgrind`; needs the program `oclgrind` (Debian's package of that name). Oclgrind reports reads and writes
outside buffers, writes to constant memory, divergent barriers and races between work-items; reads of memory that was
never written are found by the suite itself, which poisons what it hands out.
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DEVICE = "opencl:0"


def run(program: str, arguments: list[str], log: Path) -> tuple[int, list[str]]:
    """The exit code of the suite under Oclgrind, and the lines that it closed with.

    Without the memory pool, so that a buffer ends where its array ends.
    """
    command = [
        "oclgrind",
        "--data-races",
        "--log",
        str(log),
        sys.executable,
        "-m",
        "unison_conformance",
        "run",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "UNISON_OPENCL_POOL": "off"}
    lines: list[str] = []
    with subprocess.Popen(
        [*command, "--device", DEVICE, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    ) as child:
        for line in child.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    start = next((i for i, line in enumerate(lines) if line.startswith("unison conformance")), len(lines))
    return child.returncode, lines[start:]


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
    options, rest = words.parse_known_args()
    program = shutil.which("oclgrind")
    if program is None:
        print(
            "oclgrind is not installed; Debian and Ubuntu have it: apt-get install oclgrind", file=sys.stderr
        )
        return 2
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "oclgrind.log")
        code, lines = run(program, rest, log)
        said = complaints(log)
    report = [
        "# The C kit under Oclgrind",
        "",
        f"`make oclgrind` ran `conformance run --device {DEVICE} {' '.join(rest)}`".rstrip() + " on "
        f"{version.stdout.strip().splitlines()[0]}, with its check for data races.",
        "",
        f"Complaints: {sum(said.values()) or 'none'}.",
        *(f"- {count} x {text}" for text, count in said.most_common()),
        "",
        "What the suite said:",
        "",
        "```",
        *lines,
        "```",
    ]
    if options.out:
        options.out.write_text("\n".join(report) + "\n", encoding="utf-8")
    print(f"oclgrind: {sum(said.values()) or 'no'} complaints")
    return code or int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
