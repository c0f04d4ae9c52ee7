"""Dispatch: from an operator call on tensors to a backend's kernel on arrays.

Start reading in `paths` (what runs per call), then `table` (which kernel serves a device: the resolution order),
`promotion` (dtypes and Python scalars), `failure` (how an exception becomes the standard message), `inplace`
(operators that write into their first input) and `fallback` (the policy and its counters). May import everything
in core but `ops` and `plugins`, which it reaches at call time.
"""
