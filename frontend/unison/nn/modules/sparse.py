"""Look-up tables of vectors."""

from __future__ import annotations

from typing import Any, Self

import unison
from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn import init
from unison.nn.modules.module import Module
from unison.nn.parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """The weight of a table, its size and the rules for using it."""

    weight: Tensor

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        weight: Tensor | None,
        freeze: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            # Also index 0 of an empty table is let through, as by PyTorch.
            if not -num_embeddings <= padding_idx <= max(num_embeddings - 1, 0):
                raise AssertionError(
                    f"Padding_idx must be within num_embeddings, got {padding_idx} and {num_embeddings}"
                )
            padding_idx = padding_idx + num_embeddings if padding_idx < 0 else padding_idx
        self.padding_idx = padding_idx
        if weight is None:
            shape = (num_embeddings, embedding_dim)
            self.weight = Parameter(unison.empty(shape, device=device, dtype=dtype), requires_grad=not freeze)
            self.reset_parameters()
        else:
            if tuple(weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError(
                    "Shape of weight does not match num_embeddings and embedding_dim: "
                    f"{tuple(weight.shape)} and {(num_embeddings, embedding_dim)}"
                )
            self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw new vectors from the standard normal distribution, and zero that of padding_idx."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with unison.no_grad():
                self.weight[self.padding_idx].fill_(0)


def _shape_of_pretrained(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.dim() != 2:
        raise AssertionError(
            f"Embeddings parameter is expected to be 2-dimensional, got {embeddings.dim()}-dimensional"
        )
    rows, columns = embeddings.shape
    return rows, columns


class Embedding(_Table):
    """weight[input]: a vector of embedding_dim for each index, (*) to (*, embedding_dim).

    The vector at padding_idx starts as zero and gets no gradient. With max_norm, vectors in use are shortened to
    that norm in place. AssertionError for a padding_idx outside the table or a weight of another shape.
    """

    __constants__ = [
        "embedding_dim",
        "max_norm",
        "norm_type",
        "num_embeddings",
        "padding_idx",
        "scale_grad_by_freq",
        "sparse",
    ]

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, _weight, _freeze, device, dtype)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """A table of these vectors, a matrix with one in each row; trained only when freeze is False."""
        rows, columns = _shape_of_pretrained(embeddings)
        return cls(
            rows,
            columns,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def forward(self, input: Tensor) -> Tensor:
        # See Note [Reading parameters] in module.py.
        try:
            weight: Any = self._parameters["weight"]
        except KeyError:
            weight = self.weight
        return F.embedding(
            input,
            weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        shown = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            shown.append(f"padding_idx={self.padding_idx}")
        shown += _shown_rules(self)
        if self.sparse:
            shown.append("sparse=True")
        return ", ".join(shown)


class EmbeddingBag(_Table):
    """Sum, mean or maximum of the vectors of each bag of indices, without forming them all.

    Input (B, N) has B bags of N; 1-D input has the bags that start at ``offsets``, whose last element is the end
    with include_last_offset. The vector at padding_idx does not count. AssertionError for a padding_idx outside
    the table or a weight of another shape.
    """

    __constants__ = [
        "embedding_dim",
        "include_last_offset",
        "max_norm",
        "mode",
        "norm_type",
        "num_embeddings",
        "padding_idx",
        "scale_grad_by_freq",
        "sparse",
    ]

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, _weight, False, device, dtype)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """A table of these vectors, a matrix with one in each row; trained only when freeze is False."""
        rows, columns = _shape_of_pretrained(embeddings)
        bag = cls(
            rows,
            columns,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=embeddings,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        shown = [f"{self.num_embeddings}, {self.embedding_dim}", *_shown_rules(self), f"mode={self.mode!r}"]
        if self.padding_idx is not None:
            shown.append(f"padding_idx={self.padding_idx}")
        return ", ".join(shown)


def _shown_rules(table: Embedding | EmbeddingBag) -> list[str]:
    """The settings that repr shows when they are not the usual ones."""
    shown = []
    if table.max_norm is not None:
        shown.append(f"max_norm={table.max_norm}")
    if table.norm_type != 2:
        shown.append(f"norm_type={table.norm_type}")
    if table.scale_grad_by_freq:
        shown.append("scale_grad_by_freq=True")
    return shown
