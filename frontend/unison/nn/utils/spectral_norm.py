"""Spectral normalisation by a hook before forward; parametrizations.spectral_norm has taken its place."""

from __future__ import annotations

from typing import Any

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.conv import _ConvTransposeNd
from unison.nn.parameter import Parameter, is_lazy
from unison.nn.utils._norms import as_matrix, power_iterations

__all__ = ["SpectralNorm", "output_dim", "remove_spectral_norm", "spectral_norm"]


def output_dim(module: Any) -> int:
    """The dimension of a layer's weight that counts its outputs."""
    return 1 if isinstance(module, _ConvTransposeNd) else 0


class SpectralNorm:
    """The hook that computes ``name`` from ``name_orig`` and the buffers ``name_u`` and ``name_v``."""

    _version = 1

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Tensor:
        """The weight divided by u^T W v, after improving u and v."""
        weight, u, v = (getattr(module, self.name + suffix) for suffix in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            power_iterations(matrix.detach(), u, v, self.n_power_iterations, self.eps, u_first=False)
            # Copies, because the next call changes u and v while this one may still be waiting for its backward.
            u, v = u.clone(), v.clone()
        return weight / unison.dot(u, unison.mv(matrix, v))

    def remove(self, module: Any) -> None:
        """Make the present weight a parameter again."""
        with unison.no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))


class _WriteVersion:
    """Notes the version of the hook in the metadata of a state dict."""

    def __init__(self, hook: SpectralNorm) -> None:
        self.hook = hook

    def __call__(self, module: Any, state_dict: Any, prefix: str, local_metadata: dict[str, Any]) -> None:
        local_metadata.setdefault("spectral_norm", {})[f"{self.hook.name}.version"] = SpectralNorm._version


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Divide parameter ``name`` by its largest singular value before every forward: Miyato et al., 2018.

    The value is estimated by n_power_iterations of the power method for each call in training. ``dim`` counts the
    rows. RuntimeError when the parameter has the hook already, ValueError when there is none or it has no shape yet.
    """
    if _find(module, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    hook = SpectralNorm(name, n_power_iterations, output_dim(module) if dim is None else dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `SpectralNorm` can't have uninitialized parameters. "
            "Run it once on a batch before applying spectral normalization"
        )
    rows, columns = as_matrix(weight.detach(), hook.dim).shape
    u = F.normalize(weight.detach().new_empty(rows).normal_(0, 1), dim=0, eps=eps)
    v = F.normalize(weight.detach().new_empty(columns).normal_(0, 1), dim=0, eps=eps)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    # A plain attribute, so that code which reads the weight before the first call finds it.
    setattr(module, name, weight.detach())
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    module._register_state_dict_hook(_WriteVersion(hook))
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make ``name`` an ordinary parameter again; ValueError when it has no spectral norm."""
    key = _find(module, name)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    module._forward_pre_hooks.pop(key).remove(module)
    for key, hook in list(module._state_dict_hooks.items()):
        if isinstance(hook, _WriteVersion) and hook.hook.name == name:
            del module._state_dict_hooks[key]
    return module


def _find(module: Any, name: str) -> int | None:
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            return key
    return None
