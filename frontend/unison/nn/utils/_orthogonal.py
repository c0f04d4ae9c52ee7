"""Maps from matrices to orthogonal matrices: Lezcano-Casado, Trivializations for gradient-based optimization, 2019."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.nn.modules.module import Module

__all__ = ["MAPS", "Orthogonal"]

MAPS = ("matrix_exp", "cayley", "householder")


class Orthogonal(Module):
    """An orthogonal matrix from any matrix of its shape; wide ones are computed as their transpose."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.shape[-2] < X.shape[-1]
        tall = X.mT if wide else X
        if self.orthogonal_map == "householder":
            Q = _from_reflectors(tall)
        else:
            Q = _from_skew(tall, self.orthogonal_map)
        if self.use_trivialization:
            Q = self.base @ Q
        return Q.mT if wide else Q

    def right_inverse(self, Q: Tensor) -> Tensor:
        """Remember Q, made orthogonal, as the base, and return the matrix that is mapped to the identity.

        Without a base, invert the Householder map. ValueError for another shape, NotImplementedError for the other
        maps without a base, which have no known inverse.
        """
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        with unison.no_grad():
            tall = Q.mT if wide else Q
            if self.use_trivialization:
                self.base = _completed(tall)
                # -1 rather than 0, because the Householder map takes signs from the diagonal.
                return -_eye_like(Q)
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            reflectors = _to_reflectors(tall)
            return reflectors.mT if wide else reflectors


def _eye_like(matrix: Tensor) -> Tensor:
    rows, columns = matrix.shape[-2:]
    return unison.eye(rows, columns, dtype=matrix.dtype, device=matrix.device).expand(matrix.shape).clone()


def _from_skew(X: Tensor, orthogonal_map: str) -> Tensor:
    """exp(A), or (1 - A/2)^-1 (1 + A/2), where A is skew with the lower triangle of X; its first columns."""
    rows, columns = X.shape[-2:]
    X = X.tril()
    if rows != columns:
        X = unison.cat([X, X.new_zeros(*X.shape[:-1], rows - columns)], dim=-1)
    A = X - X.mH
    if orthogonal_map == "matrix_exp":
        Q = unison.linalg.matrix_exp(A)
    else:
        identity = unison.eye(rows, dtype=A.dtype, device=A.device)
        Q = unison.linalg.solve(identity - 0.5 * A, identity + 0.5 * A)
    return Q[..., :columns]


def _from_reflectors(X: Tensor) -> Tensor:
    """(1 - tau_1 v_1 v_1^T) (1 - tau_2 v_2 v_2^T) ..., first columns, with the signs on the diagonal of X.

    v_i is column i of X below the diagonal, with a one on it; tau_i = 2 / |v_i|^2.
    """
    columns = X.shape[-1]
    V = X.tril(-1) + _eye_like(X)
    tau = 2.0 / (V * V).sum(dim=-2)
    Q = _eye_like(X)
    for index in reversed(range(columns)):
        v = V[..., index : index + 1]
        Q = Q - tau[..., index, None, None] * v * (v.mT @ Q)
    # The signs do not train: they leave autograd.
    return Q * X.detach().diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)


def _to_reflectors(Q: Tensor) -> Tensor:
    """The matrix that _from_reflectors maps to Q, made orthogonal: Householder's triangularisation.

    Step i reflects column i to a multiple of a unit vector; what the multiple's sign is goes to the diagonal.
    """
    R, columns = Q.clone(), Q.shape[-1]
    result = unison.zeros_like(Q)
    for index in range(columns):
        x = R[..., index:, index]
        length = unison.linalg.vector_norm(x, dim=-1, keepdim=True)
        alpha = unison.where(x[..., :1] > 0, -length, length)
        v = x.clone()
        v[..., :1] -= alpha
        # A column that is done already is not reflected: v would be zero.
        v = unison.where(v[..., :1] == 0, unison.zeros_like(v), v / v[..., :1])
        reflect = (v * v).sum(-1, keepdim=True)
        tau = unison.where(reflect == 0, reflect, 2.0 / reflect)
        block = R[..., index:, :]
        R[..., index:, :] = block - (tau * v).unsqueeze(-1) * (v.unsqueeze(-2) @ block)
        result[..., index:, index] = v
        # A column that was not reflected, though the map will reflect it, changes its sign once more.
        sign = unison.where(reflect == 0, -alpha.sign(), alpha.sign())
        result[..., index, index] = sign.squeeze(-1)
    return result


def _completed(Q: Tensor) -> Tensor:
    """A square orthogonal matrix whose first columns are Q, or the nearest thing when Q is not orthogonal."""
    rows, columns = Q.shape[-2:]
    if rows == columns:
        identity = unison.eye(rows, dtype=Q.dtype, device=Q.device)
        tolerance = 10.0 * rows * unison.finfo(Q.dtype).eps
        if unison.allclose(Q.mH @ Q, identity, atol=tolerance):
            return Q.clone()
    else:
        rest = unison.randn(*Q.shape[:-1], rows - columns, dtype=Q.dtype, device=Q.device)
        Q = unison.cat([Q, rest], dim=-1)
    orthogonal, triangular = unison.linalg.qr(Q)
    # With a positive diagonal in R, columns that were orthogonal already stay what they were.
    return orthogonal * triangular.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
