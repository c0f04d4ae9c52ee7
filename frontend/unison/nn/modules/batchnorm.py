"""Batch normalisation: Ioffe and Szegedy, 2015."""

from __future__ import annotations

from typing import Any, ClassVar

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn import init
from unison.nn.modules.lazy import LazyModuleMixin
from unison.nn.modules.module import Module
from unison.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """Scale, shift and running statistics for each channel."""

    _version = 2
    __constants__ = ["affine", "eps", "momentum", "num_features", "track_running_stats"]
    _input_dims: ClassVar[tuple[int, ...]]
    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            parameter = Parameter(unison.empty(num_features, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, parameter)
        if track_running_stats:
            self.register_buffer("running_mean", unison.zeros(num_features, device=device, dtype=dtype))
            self.register_buffer("running_var", unison.ones(num_features, device=device, dtype=dtype))
            self.register_buffer("num_batches_tracked", unison.tensor(0, dtype=unison.int64, device=device))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count to 0."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set scale to 1, shift to 0, and reset the running statistics."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self._input_dims:
            expected = " or ".join(f"{dims}D" for dims in self._input_dims)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        # States from before version 2 do not count batches.
        key = prefix + "num_batches_tracked"
        if self.track_running_stats and (local_metadata.get("version") or 1) < 2 and key not in state_dict:
            count = self.num_batches_tracked
            if count is None or count.is_meta:
                count = unison.tensor(0, dtype=unison.int64)
            state_dict[key] = count
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        weight, bias, mean, variance = self._tensors()
        factor = self.momentum
        use_batch = self.training or (mean is None and variance is None)
        if self.training:
            if self.track_running_stats:
                factor = self._count_batch()
            else:
                mean = variance = None  # given by hand: not to be updated
        return F.batch_norm(
            input, mean, variance, weight, bias, use_batch, 0.0 if factor is None else factor, self.eps
        )

    def _tensors(self) -> tuple[Any, Any, Any, Any]:
        # See Note [Reading parameters] in module.py.
        parameters, buffers = self._parameters, self._buffers
        try:
            return parameters["weight"], parameters["bias"], buffers["running_mean"], buffers["running_var"]
        except KeyError:
            return self.weight, self.bias, self.running_mean, self.running_var

    def _count_batch(self) -> float | None:
        """Count this batch and return its weight in the running statistics: momentum, or 1/n for a plain mean."""
        count = self.num_batches_tracked
        if count is None:
            return self.momentum
        count.add_(1)
        return 1.0 / float(count) if self.momentum is None else self.momentum


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A normalisation that takes num_features from dimension 1 of its first input."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        # Without parameters and statistics yet: the base would create them with their size.
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = unison.tensor(0, dtype=unison.int64, device=device)

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        shape = (self.num_features,)
        tensors: Any = [self.weight, self.bias] if self.affine else []
        tensors += [self.running_mean, self.running_var] if self.track_running_stats else []
        for tensor in tensors:
            if tensor is not None:
                tensor.materialize(shape)
        self.reset_parameters()


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel of (N, C) or (N, C, L).

    Training takes mean and (biased) variance from the batch and moves the running ones towards it by momentum, or
    to their plain mean when momentum is None; evaluation takes the running ones. ValueError for other inputs.
    """

    _input_dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W); see BatchNorm1d."""

    _input_dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W); see BatchNorm1d."""

    _input_dims = (5,)


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    """A BatchNorm1d that takes num_features from its first input."""

    cls_to_become = BatchNorm1d
    _input_dims = (2, 3)


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    """A BatchNorm2d that takes num_features from its first input."""

    cls_to_become = BatchNorm2d
    _input_dims = (4,)


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    """A BatchNorm3d that takes num_features from its first input."""

    cls_to_become = BatchNorm3d
    _input_dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation of (N, C, *) for programs written for several processes.

    In one process, the only kind there is, it is ordinary batch normalisation. ValueError for less than two
    dimensions or no channels.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.shape[1] == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """Return module with every batch norm in it replaced by a SyncBatchNorm that shares its tensors."""
        converted = module
        if isinstance(module, _BatchNorm):
            synchronized = SyncBatchNorm(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            synchronized._parameters.update(module._parameters)
            synchronized._buffers.update(module._buffers)
            synchronized.training = module.training
            converted = synchronized
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted
