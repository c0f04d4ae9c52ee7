"""The state_dict of an optimiser, in which parameters are numbers, and the way back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

import unison
from unison._tensor import Tensor

__all__ = ["pack", "unpack"]


def pack(state: dict[Any, Any], param_groups: list[dict[str, Any]]) -> dict[str, Any]:
    """State and groups with every parameter replaced by its number, counted through all groups."""
    numbers: dict[int, int] = {}
    packed_groups = []
    start = 0
    for group in param_groups:
        params = group["params"]
        for i, param in enumerate(params, start):
            numbers.setdefault(id(param), i)
        start += len(params)
        packed = {key: value for key, value in group.items() if key != "params"}
        packed["params"] = [numbers[id(param)] for param in params]
        packed_groups.append(packed)
    packed_state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in state.items()}
    return {"state": packed_state, "param_groups": packed_groups}


def unpack(
    state_dict: dict[str, Any], groups: list[dict[str, Any]]
) -> tuple[defaultdict[Any, Any], list[dict[str, Any]]]:
    """State and groups for the parameters of groups, read from a state_dict; neither argument is changed.

    Raises:
        KeyError: ``state`` or ``param_groups`` is missing.
        ValueError: the groups differ in number or size.
    """
    for key in ("state", "param_groups"):
        if key not in state_dict:
            raise KeyError(
                f"the state dict of an optimizer has the keys 'state' and 'param_groups'; {key!r} is missing"
            )
    saved_groups = state_dict["param_groups"]
    _check_sizes(saved_groups, groups)
    params = dict(
        zip(
            chain.from_iterable(g["params"] for g in saved_groups),
            chain.from_iterable(g["params"] for g in groups),
            strict=True,
        )
    )
    on_device = _held_on_device(saved_groups)
    state: defaultdict[Any, Any] = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in params:
            state[params[key]] = _suited(value, params[key], key in on_device)
        else:
            state[key] = value
    return state, [_merged(g, saved) for g, saved in zip(groups, saved_groups, strict=True)]


def _check_sizes(saved_groups: list[dict[str, Any]], groups: list[dict[str, Any]]) -> None:
    if len(groups) != len(saved_groups):
        raise ValueError(
            "loaded state dict has a different number of parameter groups: "
            f"{len(saved_groups)} instead of {len(groups)}"
        )
    for i, (group, saved) in enumerate(zip(groups, saved_groups, strict=True)):
        if len(group["params"]) != len(saved["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"group {i} has {len(saved['params'])} parameters instead of {len(group['params'])}"
            )


def _held_on_device(saved_groups: list[dict[str, Any]]) -> set[Any]:
    """The parameters whose step count was kept on their own device."""
    kept = (g["params"] for g in saved_groups if g.get("capturable") or g.get("fused"))
    return set(chain.from_iterable(kept))


def _merged(group: dict[str, Any], saved: dict[str, Any]) -> dict[str, Any]:
    merged = deepcopy(saved)
    merged["params"] = group["params"]
    if "param_names" in group:
        merged.setdefault("param_names", group["param_names"])
    return merged


def _suited(value: Any, param: Tensor, on_device: bool, key: Any = None) -> Any:
    """The same value, its tensors in the dtype and on the device of param; a step count keeps its own."""
    if isinstance(value, Tensor):
        if key == "step":
            return value.to(dtype=unison.float32, device=param.device) if on_device else value
        dtype = param.dtype if param.is_floating_point() else value.dtype
        return value.to(dtype=dtype, device=param.device)
    if isinstance(value, dict):
        return {k: _suited(v, param, on_device, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return type(value)(_suited(v, param, on_device) for v in value)
    return value
