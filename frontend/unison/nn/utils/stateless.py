"""Calling a module with other tensors in place of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from unison._tensor import Tensor
from unison.nn.modules.module import Module

__all__ = ["functional_call"]

_Tensors = Mapping[str, Tensor]
_ABSENT: Any = object()


def functional_call(
    module: Module,
    parameters_and_buffers: _Tensors | Sequence[_Tensors],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with the named tensors in place of its parameters and buffers.

    Names are those of named_parameters and named_buffers; several mappings count as one. With tie_weights, a tensor
    that the module shares under several names is replaced under all. ValueError for a name given twice or tied
    names with different tensors; with strict, RuntimeError for names that are missing or unknown.

    >>> import unison
    >>> layer = unison.nn.Linear(2, 1)
    >>> weights = {"weight": unison.ones(1, 2), "bias": unison.zeros(1)}
    >>> functional_call(layer, weights, unison.ones(2)).tolist()
    [2.0]
    """
    given = _merged(parameters_and_buffers)
    replaced = _with_tied(module, given) if tie_weights else given
    if strict:
        _check_names(module, replaced)
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replacing(module, replaced) as final:
        result = module(*positional, **(kwargs or {}))
    if isinstance(parameters_and_buffers, dict):
        # A buffer that forward has assigned anew belongs to the caller.
        parameters_and_buffers.update({name: final[name] for name in given})
    return result


def _merged(tensors: _Tensors | Sequence[_Tensors]) -> dict[str, Tensor]:
    if isinstance(tensors, Mapping):
        return dict(tensors)
    if not isinstance(tensors, Sequence) or not all(isinstance(part, Mapping) for part in tensors):
        raise ValueError(
            f"Expected parameters_and_buffers to be a dict, or a list/tuple of dicts, but got {type(tensors)}"
        )
    merged: dict[str, Tensor] = {}
    for part in tensors:
        if repeated := sorted(merged.keys() & part.keys()):
            raise ValueError(
                f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous"
            )
        merged |= part
    return merged


def _named_tensors(module: Module) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    tensors.update(module.named_buffers(remove_duplicate=False))
    return tensors


def _with_tied(module: Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Given, with the other names of tensors that the module shares."""
    names_of: dict[int, list[str]] = {}
    for name, tensor in _named_tensors(module).items():
        names_of.setdefault(id(tensor), []).append(name)
    replaced = dict(given)
    for tied in names_of.values():
        tensors = {id(given[name]): given[name] for name in tied if name in given}
        if len(tied) > 1 and len(tensors) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, which are tied. "
                "Consider using tie_weights=False"
            )
        for tensor in tensors.values():
            replaced.update(dict.fromkeys(tied, tensor))
    return replaced


def _check_names(module: Module, given: _Tensors) -> None:
    known = _named_tensors(module)
    errors = [
        f"{kind} key(s): {', '.join(map(repr, names))}."
        for kind, names in (
            ("Unexpected", sorted(given.keys() - known.keys())),
            ("Missing", sorted(known.keys() - given.keys())),
        )
        if names
    ]
    if errors:
        listing = "\n\t".join(errors)
        raise RuntimeError(f"Error(s) in reparametrizing for {type(module).__name__}:\n\t{listing}")


@contextmanager
def _replacing(module: Module, tensors: _Tensors) -> Iterator[dict[str, Tensor]]:
    """Put tensors into the module and afterwards its own back; yields what stood there at the end, filled then."""
    final: dict[str, Tensor] = {}
    swapped: list[tuple[str, dict[str, Any], str, Any]] = []
    try:
        for path, tensor in tensors.items():
            members, name = _members_with(module, path)
            swapped.append((path, members, name, members.get(name, _ABSENT)))
            members[name] = tensor
        yield final
    finally:
        for path, members, name, original in reversed(swapped):
            final[path] = members[name]
            if original is _ABSENT:
                del members[name]
            else:
                members[name] = original


def _members_with(module: Module, path: str) -> tuple[dict[str, Any], str]:
    """The dictionary that holds what a dotted path names, and its last name."""
    parent, _, name = path.rpartition(".")
    owner = module.get_submodule(parent)
    for members in (owner._parameters, owner._buffers):
        if name in members:
            return members, name
    return owner.__dict__, name
