"""Conformance: what decides whether a backend is right, as a library and as the command `conformance`.

`cases` are the calls and their numbers, `oracle` says what must come out, `tolerance` how far it may lie off,
`checks` are facts beyond one call, `running` performs all of that, `levels` draws the conclusion, `cli` is the
command; `strict` is a device for tests. May import everything. Start reading in `running.perform`.
"""

__all__ = ["VERSION"]

VERSION = "1.0"
"""The suite's: a limit or the fixed list of cases changes only with it."""
