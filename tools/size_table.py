"""Print how large the house is: lines of code per package and theme, and the longest files.

Fails when a package or a file is above its budget. A budget is raised on purpose, in a commit that says why.
"""

import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

__all__ = ["code_lines", "main"]

ROOT = Path(__file__).resolve().parent.parent

# Lines of code (without blank lines, comments and docstrings) that each part may have.
BUDGETS = {
    # Operators and dispatch, and two kits for backends: arrays, and kernels in C.
    "core": 18_000,
    "backends/cpu": 5_000,
    "backends/cuda": 1_000,
    "backends/meta": 600,
    "backends/opencl": 1_000,
    "frontend": 30_000,
    "conformance": 14_000,
    "examples": 2_000,
    "benchmarks": 2_500,
    # The check on a GPU needs nothing that is not in the standard library, so it has no help from libraries.
    "tools": 1_200,
    "tests": 30_000,
}
# Lines of any kind in one file: above this it holds two themes.
FILE_BUDGET = 500
# Tables with a name a line: long, and still one theme.
TABLES = {"frontend/unison/__init__.py": 1_000, "frontend/unison/_tensor.py": 700}
LONGEST_SHOWN = 8

# Folders whose files are named by theme, in every package.
THEME_FOLDERS = {"ops", "kernels", "functions"}
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(path: Path) -> int:
    """Count the lines of a Python file that hold code."""
    lines: set[int] = set()
    statement_starts = True
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type in NOT_CODE:
                statement_starts = statement_starts or token.type == tokenize.NEWLINE
                continue
            docstring = statement_starts and token.type == tokenize.STRING
            statement_starts = False
            if not docstring:
                lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines)


def sources(part: str) -> Iterator[Path]:
    """Yield the Python files of a part, in order."""
    return (p for p in sorted((ROOT / part).rglob("*.py")) if "__pycache__" not in p.parts)


def theme_of(path: Path) -> str | None:
    """Name the theme a file belongs to, or None outside the folders that are cut by theme."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    folder = next((i for i, name in enumerate(parts) if name in THEME_FOLDERS), None)
    if folder is None or folder + 1 == len(parts) or parts[folder + 1].startswith("__"):
        return None
    return parts[folder + 1].removeprefix("test_").lstrip("_")


def table_of_themes(counts: dict[Path, int], parts: list[str]) -> Iterator[str]:
    """Yield a row for each theme that at least two parts know: its lines in each."""
    themes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path, count in counts.items():
        if theme := theme_of(path):
            part = next(p for p in parts if path.is_relative_to(ROOT / p))
            themes[theme][part] += count
    columns = [p for p in parts if any(p in row for row in themes.values())]
    shared = {theme: row for theme, row in sorted(themes.items()) if len(row) > 1}
    if shared:
        yield " " * 16 + "".join(f"{column:>14}" for column in columns)
    for theme, row in shared.items():
        yield f"{theme:<16}" + "".join(f"{row.get(column, 0) or '':>14}" for column in columns)


def too_long(path: Path, length: int) -> str:
    """Say that a file is above its budget, or nothing."""
    name = path.relative_to(ROOT).as_posix()
    budget = TABLES.get(name, FILE_BUDGET)
    return f"{name}: {length} lines, budget {budget}" if length > budget else ""


def main() -> int:
    """Print the tables; return 1 if anything is above its budget."""
    parts = [part for part in BUDGETS if (ROOT / part).is_dir()]
    counts = {path: code_lines(path) for part in parts for path in sources(part)}
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in counts}
    above = [line for path, length in lengths.items() if (line := too_long(path, length))]

    print(f"{'part':<16}{'files':>7}{'code':>8}{'budget':>8}")
    for part in parts:
        files = [path for path in counts if path.is_relative_to(ROOT / part)]
        total = sum(counts[path] for path in files)
        print(f"{part:<16}{len(files):>7}{total:>8}{BUDGETS[part]:>8}")
        if total > BUDGETS[part]:
            above.append(f"{part}: {total} lines of code, budget {BUDGETS[part]}")
    print()
    print(*table_of_themes(counts, parts), sep="\n", end="\n\n")
    for path in sorted(lengths, key=lambda p: -lengths[p])[:LONGEST_SHOWN]:
        print(f"{lengths[path]:>5}  {path.relative_to(ROOT)}")
    for line in above:
        print(f"above budget: {line}", file=sys.stderr)
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
