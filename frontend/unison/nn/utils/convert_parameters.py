"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import unison
from unison._tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters in one vector; TypeError when they are on different devices."""
    return unison.cat([parameter.reshape(-1) for parameter in _on_one_device(parameters)])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make slices of vec the data of the parameters, in order.

    TypeError when vec is no tensor or the parameters are on different devices.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected a Tensor, but got: {type(vec)}")
    start = 0
    for parameter in _on_one_device(parameters):
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).detach()
        start = end


def _on_one_device(parameters: Iterable[Tensor]) -> Iterator[Tensor]:
    first = None
    for parameter in parameters:
        first = parameter.device if first is None else first
        if parameter.device != first:
            raise TypeError(
                f"Found two parameters on different devices, {first} and {parameter.device}: move them to one first."
            )
        yield parameter
