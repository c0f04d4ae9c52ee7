"""Products of vectors, matrices and batches beyond matmul."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.functions._common import need_dtype, write_exact, write_out
from unison.functions.linalg import matmul
from unison.functions.movement import reshape
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.spec import numel, wrap_dim

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "chain_matmul",
    "dot",
    "einsum",
    "ger",
    "inner",
    "kron",
    "mv",
    "outer",
    "tensordot",
    "trace",
    "vdot",
]


def _ranks(name: str, wanted: tuple[int, ...], *tensors: Any) -> None:
    """Raise unless the tensors have the numbers of dimensions wanted."""
    have = tuple(t.array.ndim for t in tensors)
    if have != wanted:
        raise OperatorError(
            f"{name}: expected tensors of {' and '.join(f'{n}D' for n in wanted)}, but got "
            f"{' and '.join(f'{n}D' for n in have)}"
        )


def bmm(input: Any, mat2: Any, *, out_dtype: Any = None, out: Any = None) -> Any:
    """The products of two batches of matrices of the same number.

    Raises:
        RuntimeError: not two 3-d tensors, or the lengths do not agree.
    """
    _ranks("batch1 must be a 3D tensor, batch2 must be a 3D tensor: bmm", (3, 3), input, mat2)
    if input.array.shape[0] != mat2.array.shape[0]:
        raise OperatorError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input.array.shape[0]}, "
            f"{input.array.shape[2]}] but got: {list(mat2.array.shape[:2])}."
        )
    result = ops.matmul(input, mat2)
    return result if out is None else write_exact(out, result)


def _added(name: str, input: Any, product: Any, beta: Any, alpha: Any, out: Any) -> Any:
    """As `_combine`, of tensors that must have one dtype.

    Raises:
        RuntimeError: input or out has another dtype than the product.
    """
    if input.dtype is not product.dtype:
        raise OperatorError(
            f"{name}: input and the matrices must have the same dtype, but got {input.dtype.name} and "
            f"{product.dtype.name}"
        )
    if out is not None and out.dtype is not product.dtype:
        raise OperatorError(
            f"{name}: Expected out tensor to have dtype {product.dtype.name}, but got {out.dtype.name} instead"
        )
    return _combine(input, product, beta, alpha, out)


def _combine(input: Any, product: Any, beta: Any, alpha: Any, out: Any) -> Any:
    """beta * input + alpha * product; beta 0 ignores input, NaN and all."""
    if product.dtype is dtypes.bool_:
        beta, alpha = bool(beta), bool(alpha)
    elif product.dtype in dtypes.INTEGRAL:
        beta, alpha = int(beta), int(alpha)
    if alpha != 1:
        product = ops.mul(product, alpha)
    if beta == 0:
        from unison_core.spec import broadcast

        broadcast(input.array.shape, product.array.shape)
        result = product
    else:
        if len(input.array.shape) > len(product.array.shape):
            raise OperatorError(f"expand: {list(input.shape)} cannot be expanded to {list(product.shape)}")
        start = ops.expand(input, shape=tuple(product.array.shape))
        result = ops.add(start if beta == 1 else ops.mul(start, beta), product)
    return result if out is None else write_out(out, result)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """beta * input + alpha * (mat1 @ mat2)."""
    _ranks("addmm", (2, 2), mat1, mat2)
    return _added("addmm", input, ops.matmul(mat1, mat2), beta, alpha, out)


def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """beta * input + alpha times the sum of the products of two batches."""
    product = ops.sum(bmm(batch1, batch2), dim=(0,), keepdim=False)
    return _added("addbmm", input, product, beta, alpha, out)


def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """beta * input + alpha times the products of two batches."""
    return _added("baddbmm", input, bmm(batch1, batch2), beta, alpha, out)


def mv(input: Any, vec: Any, *, out: Any = None) -> Any:
    """The product of a matrix and a vector."""
    _ranks("mv: vector + matrix @ vector expected", (2, 1), input, vec)
    return matmul(input, vec, out=out)


def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """beta * input + alpha * (mat @ vec)."""
    return _added("addmv", input, mv(mat, vec), beta, alpha, out)


def dot(input: Any, tensor: Any, *, out: Any = None) -> Any:
    """The sum of the products of two vectors of one length and dtype.

    Raises:
        RuntimeError: not two vectors of one length and dtype.
    """
    _ranks("1D tensors expected: dot", (1, 1), input, tensor)
    if input.dtype is not tensor.dtype:
        raise OperatorError(
            f"dot : expected both vectors to have same dtype, but found {input.dtype.name} and {tensor.dtype.name}"
        )
    if input.array.shape != tensor.array.shape:
        raise OperatorError(
            f"inconsistent tensor size, expected tensor {list(input.shape)} and src {list(tensor.shape)} to have the "
            "same number of elements"
        )
    return matmul(input, tensor, out=out)


def vdot(input: Any, other: Any, *, out: Any = None) -> Any:
    """dot with the first vector conjugated."""
    return dot(ops.conj(input) if input.dtype.is_complex else input, other, out=out)


def inner(input: Any, other: Any, *, out: Any = None) -> Any:
    """Products summed over the last dimensions; with a number, the product."""
    if not input.array.ndim or not other.array.ndim:
        result = ops.mul(input, other)
    else:
        if input.array.shape[-1] != other.array.shape[-1]:
            raise OperatorError(
                f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
                f"{list(other.shape)}"
            )
        result = tensordot(input, other, ([-1], [-1]))
    return result if out is None else write_exact(out, result)


def outer(input: Any, vec2: Any, *, out: Any = None) -> Any:
    """All products of elements of two vectors, as a matrix."""
    _ranks("outer: Expected 1-D arguments", (1, 1), input, vec2)
    result = ops.mul(ops.slice(input, key=(..., None)), vec2)
    return result if out is None else write_out(out, result)


ger = outer


def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """beta * input + alpha times the outer product of two vectors."""
    return _combine(input, outer(vec1, vec2), beta, alpha, out)


def trace(input: Any) -> Any:
    """The sum of a matrix's diagonal."""
    if input.array.ndim != 2:
        raise OperatorError(f"trace: expected a matrix, but got tensor with dim {input.array.ndim}")
    need_dtype("trace", dtypes.NUMERIC, input)
    return ops.sum(ops.diagonal(input, offset=0, dim1=0, dim2=1), dim=None, keepdim=False)


def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """The product of several matrices, in the cheapest order."""
    from unison.linalg import multi_dot

    return multi_dot(
        matrices if len(matrices) > 1 or isinstance(matrices[0], Handle) else matrices[0], out=out
    )


def kron(input: Any, other: Any, *, out: Any = None) -> Any:
    """The Kronecker product."""
    n = max(input.array.ndim, other.array.ndim)
    a = (1,) * (n - input.array.ndim) + tuple(input.array.shape)
    b = (1,) * (n - other.array.ndim) + tuple(other.array.shape)
    left = reshape(input, [m for k in a for m in (k, 1)])
    right = reshape(other, [m for k in b for m in (1, k)])
    result = reshape(ops.mul(left, right), [p * q for p, q in zip(a, b, strict=True)])
    return result if out is None else write_out(out, result)


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Products summed over pairs of dimensions: the last and first `dims`, or the two lists given.

    Raises:
        RuntimeError: the dimensions' lengths differ.
    """
    if isinstance(dims, Handle):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise OperatorError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.array.ndim, b.array.ndim):
            raise OperatorError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        over_a, over_b = list(range(a.array.ndim - dims, a.array.ndim)), list(range(dims))
    else:
        over_a, over_b = [[d] if isinstance(d, int) else list(d) for d in dims]
    over_a = [wrap_dim(d, a.array.ndim) for d in over_a]
    over_b = [wrap_dim(d, b.array.ndim) for d in over_b]
    if len(over_a) != len(over_b):
        raise OperatorError("both dimension lists should have same length")
    for i, j in zip(over_a, over_b, strict=True):
        # A length of 1 stands for any other: it is summed over by itself.
        if a.array.shape[i] == 1 and b.array.shape[j] != 1:
            b = ops.sum(b, dim=(j,), keepdim=True)
        elif b.array.shape[j] == 1 and a.array.shape[i] != 1:
            a = ops.sum(a, dim=(i,), keepdim=True)
        if a.array.shape[i] != b.array.shape[j]:
            raise OperatorError(
                f"contracted dimensions need to match, but first has size {a.array.shape[i]} in dim {i} and second has "
                f"size {b.array.shape[j]} in dim {j}"
            )
    rest_a = [i for i in range(a.array.ndim) if i not in over_a]
    rest_b = [j for j in range(b.array.ndim) if j not in over_b]
    inner_size = numel([a.array.shape[i] for i in over_a])
    left = reshape(
        ops.permute(a, dims=tuple(rest_a + over_a)), (numel([a.array.shape[i] for i in rest_a]), inner_size)
    )
    right = reshape(
        ops.permute(b, dims=tuple(over_b + rest_b)), (inner_size, numel([b.array.shape[j] for j in rest_b]))
    )
    shape = [a.array.shape[i] for i in rest_a] + [b.array.shape[j] for j in rest_b]
    result = reshape(ops.matmul(left, right), shape)
    return result if out is None else write_exact(out, result)


def einsum(equation: Any, *operands: Any) -> Any:
    """Sums of products by Einstein's convention: "bij,bjk->bik"; `...` stands for further dimensions.

    Operands are taken from left to right; each pair becomes one batched matrix product.

    Raises:
        RuntimeError: the equation does not fit the operands.
    """
    if not isinstance(equation, str):
        equation, operands = _from_sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    inputs, output = _parse(equation, operands)
    terms = [_diagonals(x, labels) for x, labels in zip(operands, inputs, strict=True)]
    while len(terms) > 1:
        (x, lx), (y, ly) = terms[0], terms[1]
        needed = set(output).union(*[labels for _, labels in terms[2:]])
        terms[:2] = [_contract(x, lx, y, ly, needed)]
    x, labels = terms[0]
    gone = tuple(i for i, label in enumerate(labels) if label not in output)
    if gone:
        x = ops.sum(x, dim=gone, keepdim=False)
        labels = [label for label in labels if label in output]
    return ops.permute(x, dims=tuple(labels.index(label) for label in output))


def _from_sublists(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """`einsum(a, [0, 1], b, [1, 2], [0, 2])` as an equation."""
    operands, lists = list(args[0::2]), list(args[1::2])
    target = operands.pop() if len(args) % 2 else None
    import string

    def text(labels: Sequence[Any]) -> str:
        return "".join("..." if k is Ellipsis else string.ascii_letters[k] for k in labels)

    equation = ",".join(text(labels) for labels in lists)
    return (equation if target is None else f"{equation}->{text(target)}"), tuple(operands)


def _parse(equation: str, operands: tuple[Any, ...]) -> tuple[list[list[str]], list[str]]:
    """Labels of each operand and of the result; dimensions under `...` are labelled "0", "1", ... from the right."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise OperatorError(
            f"einsum(): {'more' if len(terms) < len(operands) else 'fewer'} operands were provided than specified in "
            f"the equation: {len(operands)} for {equation!r}"
        )
    inputs = [_labels(term, x) for term, x in zip(terms, operands, strict=True)]
    lengths: dict[str, int] = {}
    for x, labels in zip(operands, inputs, strict=True):
        for label, n in zip(labels, x.array.shape, strict=True):
            if lengths.setdefault(label, n) not in (n, 1) and n != 1:
                raise OperatorError(
                    f"einsum(): operands do not broadcast: subscript {label} has length {lengths[label]} and {n}"
                )
            lengths[label] = max(lengths[label], n) if n != 1 else lengths[label]
    extra = sorted({label for labels in inputs for label in labels if label.isdigit()}, key=int, reverse=True)
    if arrow:
        output = []
        for part in right.replace("...", "."):
            output += extra if part == "." else [part]
        unknown = [label for label in output if label not in lengths]
        if unknown or len(set(output)) != len(output):
            raise OperatorError(
                f"einsum(): output subscript {(unknown or output)[0]} does not appear in the equation for any "
                "input operand, or appears twice in the output"
            )
    else:
        flat = [label for labels in inputs for label in labels]
        output = extra + sorted(
            label for label in set(flat) if flat.count(label) == 1 and not label.isdigit()
        )
    return inputs, output


def _labels(term: str, x: Any) -> list[str]:
    named = term.replace("...", "")
    if "." in named or not all(c.isalpha() for c in named):
        raise OperatorError(f"einsum(): invalid subscript given in {term!r}, subscripts must be in [a-zA-Z]")
    spare = x.array.ndim - len(named)
    if spare < 0 or (spare and "..." not in term):
        raise OperatorError(
            f"einsum(): the number of subscripts in the equation ({len(named)}) does not match the number of "
            f"dimensions ({x.array.ndim}) for an operand"
        )
    before, _, after = term.partition("...")
    return [*before, *(str(i) for i in reversed(range(spare))), *after] if "..." in term else list(named)


def _diagonals(x: Any, labels: list[str]) -> tuple[Any, list[str]]:
    """Repeated labels of one operand become its diagonal."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            x = ops.diagonal(x, offset=0, dim1=i, dim2=j)
            labels = [k for n, k in enumerate(labels) if n not in (i, j)] + [label]
    return x, labels


def _contract(x: Any, lx: list[str], y: Any, ly: list[str], needed: set[str]) -> tuple[Any, list[str]]:
    """Two operands as one batched matrix product over what they share and nobody else needs."""
    x, lx = _sum_out(x, lx, needed | set(ly))
    y, ly = _sum_out(y, ly, needed | set(lx))
    size = {**dict(zip(ly, y.array.shape, strict=True))}
    for label, n in zip(lx, x.array.shape, strict=True):
        size[label] = n if size.get(label, 1) == 1 else size[label]
    batch = [k for k in lx if k in ly and k in needed]
    inner_labels = [k for k in lx if k in ly and k not in needed]
    only_x = [k for k in lx if k not in ly]
    only_y = [k for k in ly if k not in lx]
    left = _arranged(x, lx, [batch, only_x, inner_labels], size)
    right = _arranged(y, ly, [batch, inner_labels, only_y], size)
    labels = batch + only_x + only_y
    return reshape(ops.matmul(left, right), [size[k] for k in labels]), labels


def _sum_out(x: Any, labels: list[str], keep: set[str]) -> tuple[Any, list[str]]:
    gone = tuple(i for i, label in enumerate(labels) if label not in keep)
    if not gone:
        return x, labels
    return ops.sum(x, dim=gone, keepdim=False), [label for label in labels if label in keep]


def _arranged(x: Any, labels: list[str], groups: list[list[str]], size: dict[str, int]) -> Any:
    """x with its dimensions in three groups, each joined into one."""
    order = [k for group in groups for k in group]
    x = ops.permute(x, dims=tuple(labels.index(k) for k in order))
    full = tuple(size[k] for k in order)
    if x.array.shape != full:
        x = ops.expand(x, shape=full)
    return reshape(x, [numel([size[k] for k in group]) for group in groups])
