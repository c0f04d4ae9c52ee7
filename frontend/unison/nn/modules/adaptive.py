"""Softmax over many classes of unequal frequency."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.container import ModuleList, Sequential
from unison.nn.modules.linear import Linear
from unison.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """Log probability of each target, and the mean negative of these."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log softmax with the rare classes in clusters of their own, at lower dimension: Grave et al., 2017.

    Classes are sorted by falling frequency; ``cutoffs`` says where the clusters begin. ValueError for cutoffs that
    do not rise strictly between 1 and n_classes - 1.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_cutoffs(list(cutoffs), n_classes)
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for index, (low, high) in enumerate(pairwise(self.cutoffs)):
            hidden = int(in_features // (div_value ** (index + 1)))
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, device=device, dtype=dtype),
                    Linear(hidden, high - low, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster:
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """Return (log probability of each target, mean loss) for (N, in_features) and (N), or without the N."""
        self._check_shapes(input_, target_)
        batched = target_.dim() > 0
        input = input_ if batched else input_.unsqueeze(0)
        target = target_ if batched else target_.unsqueeze(0)
        # The head gives the probability of a frequent class, or of the cluster that a rare one is in.
        head_column, output = target, input.new_zeros(target.shape[0])
        for index, (low, high) in enumerate(pairwise(self.cutoffs)):
            rows = ((target >= low) & (target < high)).nonzero().reshape(-1)
            if rows.numel() == 0:
                continue
            within = F.log_softmax(self.tail[index](input.index_select(0, rows)), dim=1)
            column = (target.index_select(0, rows) - low).unsqueeze(1)
            output = output.index_copy(0, rows, within.gather(1, column).squeeze(1))
            head_column = head_column.index_fill(0, rows, self.shortlist_size + index)
        self._check_range(target)
        head = F.log_softmax(self.head(input), dim=1)
        output = output + head.gather(1, head_column.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    def _check_shapes(self, input: Tensor, target: Tensor) -> None:
        if target.dim() > 1:
            raise RuntimeError(
                f"0D or 1D target tensor expected, multi-target not supported (got {target.dim()}D)"
            )
        if target.dim() == 1 and input.shape[0] != target.shape[0]:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, got "
                f"{input.shape[0]} and {target.shape[0]}."
            )
        if input.dim() != target.dim() + 1:
            raise RuntimeError(
                f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with "
                f"size {input.size()}"
            )

    def _check_range(self, target: Tensor) -> None:
        if not ((target >= 0) & (target < self.n_classes)).all():
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found. "
            )

    def _get_full_log_prob(self, input: Tensor, head_output: Tensor) -> Tensor:
        head = F.log_softmax(head_output, dim=1)
        parts = [head[:, : self.shortlist_size]]
        for index, cluster in enumerate(self.tail):
            of_cluster = head[:, self.shortlist_size + index].unsqueeze(1)
            parts.append(F.log_softmax(cluster(input), dim=1) + of_cluster)
        return unison.cat(parts, dim=1)

    def log_prob(self, input: Tensor) -> Tensor:
        """Log probabilities of all classes, (N, n_classes)."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row; the clusters are looked into only where the head prefers one."""
        head_output = self.head(input)
        output = unison.argmax(head_output, dim=1)
        rare = output >= self.shortlist_size
        if rare.any():
            log_prob = self._get_full_log_prob(input[rare], head_output[rare])
            output[rare] = unison.argmax(log_prob, dim=1)
        return output


def _check_cutoffs(cutoffs: list[int], n_classes: int) -> None:
    if not cutoffs:
        raise ValueError("cutoffs should be a sequence of length larger than 0")
    rising = all(low < high for low, high in pairwise(cutoffs))
    if (
        not rising
        or cutoffs[0] <= 0
        or cutoffs[-1] > n_classes - 1
        or any(int(cut) != cut for cut in cutoffs)
    ):
        raise ValueError(
            "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
            f"value is between 1 and n_classes-1, got {cutoffs} with n_classes={n_classes}"
        )
