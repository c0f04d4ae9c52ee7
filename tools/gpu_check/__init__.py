"""`make gpu-check`: tests, conformance and benchmarks on a GPU, in one report.

Needs Python's standard library alone; what it starts needs more, and it says at once what is missing. Unison need not
be installed. `__main__` is the command; `source` puts the source tree on the import path, `needs` knows what must be
there and what can be carried, `probe` asks the device, `stages` runs the three parts, `page` writes Markdown.
"""

__all__: list[str] = []
