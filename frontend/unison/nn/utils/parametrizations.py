"""Ready-made parametrizations: orthogonal, spectrally normalised and weight-normalised tensors."""

from __future__ import annotations

from typing import Any

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.module import Module
from unison.nn.utils import parametrize
from unison.nn.utils._norms import as_matrix, norm_except, power_iterations, with_norm
from unison.nn.utils._orthogonal import MAPS, Orthogonal
from unison.nn.utils.spectral_norm import output_dim

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _tensor_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep a matrix, or batch of matrices, orthogonal (unitary): Q^H Q = 1, or Q Q^H = 1 where it is wide.

    ``orthogonal_map`` is "matrix_exp", "cayley" or "householder"; by default the first for square and complex
    matrices, the last for others. use_trivialization moves the map to where the weight was last set: Lezcano-Casado,
    2019. ValueError for a name that is no tensor, fewer than two dimensions, another map, or complex Householder.
    """
    weight = _tensor_of(module, name)
    if weight.dim() < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.dim()} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in MAPS:
        known = ", ".join(f'"{name}"' for name in MAPS)
        raise ValueError(f"orthogonal_map has to be one of {known}. Got: {orthogonal_map}")
    parametrization = Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, parametrization, unsafe=True)


class _WeightNorm(Module):
    """g v / ||v||."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = None if dim == -1 else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return with_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight


class _TakeOldKeys:
    """Renames the keys that utils.weight_norm writes while a state dict is loaded."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{self.name}_g", f"{prefix}{self.name}_v"]
        if all(key in state_dict for key in old):
            for index, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{self.name}.original{index}"] = state_dict.pop(key)


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train norm and direction of a tensor apart: Salimans and Kingma, 2016.

    There is a norm for each index of dimension dim, or one for all when dim is None. ``original0`` holds the norms,
    ``original1`` the direction.
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_TakeOldKeys(name))
    return module


class _SpectralNorm(Module):
    """weight / (u^T W v), with u and v improved by the power method for each call in training."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        dims = weight.dim()
        if not -dims <= dim < dims:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{dims}, {dims - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % dims
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if dims > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            rows, columns = matrix.shape
            self.register_buffer("_u", F.normalize(matrix.new_empty(rows).normal_(0, 1), dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(matrix.new_empty(columns).normal_(0, 1), dim=0, eps=eps))
            # A start that is close, so that the first steps of training see a sensible norm.
            power_iterations(matrix, self._u, self._v, 15, eps, u_first=True)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_iterations(
                matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps, u_first=True
            )
        # Copies, because the next call changes u and v while this one may still be waiting for its backward.
        u, v = self._u.clone(), self._v.clone()
        return weight / unison.dot(u, unison.mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a tensor by its largest singular value, as a matrix whose rows dim counts: Miyato et al., 2018.

    The value is estimated by n_power_iterations of the power method for each call in training. ValueError for a
    name that is no tensor or no iterations, IndexError for a dim that it lacks.
    """
    weight = _tensor_of(module, name)
    dim = output_dim(module) if dim is None else dim
    return parametrize.register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )
