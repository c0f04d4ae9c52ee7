"""One update for many small parameters: a call costs more than a small parameter's arithmetic.

# Note [Joined updates]
A rule that treats every element alike gives the same numbers when it runs once over small parameters that were
copied one after the other into a flat tensor, with their gradients and state beside them. The results are copied
back, so parameters and `optimizer.state` stay tensors of their own. Numbers that a rule keeps as 0-d tensors must be
equal within a joined run: rows are parted by them. Parameters that are listed twice or share memory are updated one
after the other, and large ones by themselves, since copying them would cost more than the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import unison
from unison._tensor import Tensor
from unison.optim.optimizer import State
from unison_core.ops import join_flat, write_flat

__all__ = ["Row", "Update", "share_memory", "update_rows"]

Update = Callable[[Tensor, Tensor, State, float], None]
"""``update(param, grad, state, step)`` changes param and the tensors in state; steps are counted from one."""

Row = tuple[Tensor, Tensor, State, float]
"""A parameter, its gradient, its state and its step count."""

_SMALL = 8192
"""Elements from which a parameter is updated by itself."""
_TOTAL = 65536
"""Elements of joined parameters: several flat tensors of that length stay in a processor's cache."""


def update_rows(rows: Sequence[Row], update: Update, scalars: Sequence[str]) -> None:
    """Call update for every row, once for those rows that can be joined."""
    for group in _grouped(rows, scalars):
        if len(group) == 1:
            update(*group[0])
            continue
        for part in _parted(group, scalars):
            if len(part) == 1:
                update(*part[0])
            else:
                _update_joined(part, update, scalars)


def share_memory(params: Sequence[Tensor]) -> bool:
    """Whether tensors are the same, or aliases or views of one: those share a write counter."""
    counters = [p if p.counter is None else p.counter for p in params]
    return len(set(map(id, counters))) < len(params)


def _grouped(rows: Sequence[Row], scalars: Sequence[str]) -> Iterable[list[Row]]:
    """Rows that agree in everything but the values of their scalars; others alone."""
    if share_memory([row[0] for row in rows]):
        return [[row] for row in rows]
    groups: dict[Any, list[Row]] = {}
    total = 0
    for row in rows:
        param, grad, state, step = row
        array = param.array
        dtype, size = array.dtype, array.size
        names = _tensor_names(state, array, scalars) if state else ()
        key: Any
        if size < _SMALL and names is not None and grad.array.dtype is dtype:
            key = (step, dtype, param.device, names, total // _TOTAL)
            total += size
        else:
            key = id(param)
        found = groups.get(key)
        if found is None:
            groups[key] = [row]
        else:
            found.append(row)
    return groups.values()


def _tensor_names(state: State, array: Any, scalars: Sequence[str]) -> tuple[Any, ...] | None:
    """What is in the state, scalars with their dtypes and devices; None unless each tensor is as the parameter."""
    names: list[Any] = []
    for name, value in state.items():
        if name == "step":
            continue
        if not isinstance(value, Tensor):
            return None
        if name in scalars:
            names.append((name, value.dtype, value.device))
        elif value.array.dtype is array.dtype and value.array.shape == array.shape:
            names.append(name)
        else:
            return None
    return tuple(names)


def _parted(rows: list[Row], scalars: Sequence[str]) -> Iterable[list[Row]]:
    """The rows, parted by the values of their scalars."""
    if not scalars:
        return [rows]
    values = [join_flat(*[row[2][name] for row in rows]).tolist() for name in scalars]
    parts: dict[Any, list[Row]] = {}
    for row, key in zip(rows, zip(*values, strict=True), strict=True):
        parts.setdefault(key, []).append(row)
    return parts.values()


def _update_joined(rows: Sequence[Row], update: Update, scalars: Sequence[str]) -> None:
    params = [row[0] for row in rows]
    states = [row[2] for row in rows]
    first, step = states[0], rows[0][3]
    columns = {name: [state[name] for state in states] for name in first if name != "step"}
    flat = join_flat(*params)
    joined: State = {
        name: column[0].clone() if name in scalars else join_flat(*column) for name, column in columns.items()
    }
    update(flat, join_flat(*[row[1] for row in rows]), joined, step)
    write_flat(*params, flat)
    for name, column in columns.items():
        after = joined[name]
        write_flat(*column, unison.stack([after] * len(rows)) if name in scalars else after)
    for name in joined.keys() - columns.keys():
        begun = [unison.empty_like(param) for param in params]
        write_flat(*begun, joined[name])
        for state, value in zip(states, begun, strict=True):
            state[name] = value
