"""The two functions that checkpoint, and their options."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import unison
from unison.utils.checkpoint.reentrant import CheckpointFunction
from unison.utils.checkpoint.region import ContextFn, Region, noop_context_fn

__all__ = ["checkpoint", "checkpoint_sequential", "set_checkpoint_early_stop"]

_early_stop_override: bool | None = None


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Decide for all checkpoints entered meanwhile whether recomputation stops once it has what backward needs."""
    global _early_stop_override
    before, _early_stop_override = _early_stop_override, enable
    try:
        yield
    finally:
        _early_stop_override = before


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: ContextFn = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, run once more in backward instead of keeping its intermediate tensors.

    `use_reentrant` should be given; without it a warning is issued and True is meant. `preserve_rng_state` lets the
    second run draw the same random numbers. For `use_reentrant=False` alone: keyword arguments; `context_fn` gives a
    context for each of the two runs; `determinism_check="default"` compares shape, dtype and device of what both
    runs save, and "none" does not; `debug` lists them in the error; `early_stop` ends the second run when nothing
    more is needed. Raises ValueError for options the variant does not have, CheckpointError (a RuntimeError) in
    backward when the two runs differ.
    """
    if use_reentrant is None:
        _warn_of_default("checkpoint")
        use_reentrant = True
    if not use_reentrant:
        if determinism_check not in {"default", "none"}:
            raise ValueError(f"determinism_check should be 'default' or 'none', got {determinism_check!r}")
        if _early_stop_override is not None:
            early_stop = _early_stop_override
        region = Region(function, args, kwargs, preserve_rng_state, context_fn)
        region.early_stop, region.checked, region.debug = early_stop, determinism_check == "default", debug
        return region.run()
    if kwargs:
        raise ValueError(
            f"Unexpected keyword arguments: {', '.join(kwargs)}; pass them by position, or use_reentrant=False"
        )
    if context_fn is not noop_context_fn or debug:
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False")
    return CheckpointFunction.apply(function, preserve_rng_state, *args)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run functions (a Sequential or a list) one after the other, checkpointed in `segments` pieces but the last.

    The one keyword argument is `preserve_rng_state`; raises ValueError for others.
    """
    if use_reentrant is None:
        _warn_of_default("checkpoint_sequential")
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(
            f"Unexpected keyword arguments: {', '.join(kwargs)}; expected preserve_rng_state alone"
        )
    functions = list(functions.children() if isinstance(functions, unison.nn.Sequential) else functions)
    length = len(functions) // segments
    for _ in range(segments - 1):
        piece, functions = functions[:length], functions[length:]
        input = checkpoint(_run_all, piece, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _run_all(functions, input)


def _run_all(functions: Sequence[Callable[[Any], Any]], value: Any) -> Any:
    for function in functions:
        value = function(value)
    return value


def _warn_of_default(name: str) -> None:
    warnings.warn(
        f"{name}: the use_reentrant parameter should be passed explicitly; True is assumed. use_reentrant=False is "
        "recommended: it supports every way of differentiating",
        stacklevel=3,
    )
