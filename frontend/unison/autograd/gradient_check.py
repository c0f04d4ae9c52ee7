"""Gradients against finite differences.

# Note [Gradient check]
Complex numbers are pairs of real ones here. With v the gradient of the output, autograd's gradient of an input
x + iy is Re(conj(v) ds/dx) + i Re(conj(v) ds/dy), so v = 1 gives the derivatives of the real part of s and v = i
those of its imaginary part. Both Jacobians are therefore real matrices: a row for each real component of the input,
a column for each of the output. Each output is differentiated alone, the others without a gradient.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unison.autograd.grad_mode import enable_grad, no_grad
from unison.autograd.interface import grad
from unison_core.handle import Handle

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Function = Callable[..., Any]


class GradcheckError(RuntimeError):
    """A gradient disagrees with finite differences, or cannot be computed."""


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of `func(*inputs)` agree with central differences, (f(x + eps) - f(x - eps)) / (2 eps).

    Args:
        func: takes the inputs, returns a tensor or a tuple of them; floating and complex ones are checked.
        inputs: a tensor or a tuple; those that require a gradient are checked, and should be float64.
        eps: the step.
        atol: absolute tolerance.
        rtol: relative tolerance.
        raise_exception: raise when they disagree, instead of returning False.
        nondet_tol: by how much two backward passes may differ.
        check_undefined_grad: always done, since each output is differentiated alone.
        check_grad_dtypes: also compare the gradients' dtypes with the inputs'.
        check_batched_grad: not supported; raises.
        check_batched_forward_grad: not supported; raises.
        check_forward_ad: not supported; raises.
        check_backward_ad: check backward: the only mode there is.
        fast_mode: compare along one random direction instead of element by element.
        masked: ignored; it is about sparse tensors.

    Raises:
        GradcheckError: they disagree (a RuntimeError).
        ValueError: no input requires a gradient.
        NotImplementedError: a check was asked for that needs vmap or forward mode.
    """
    if check_batched_grad or check_batched_forward_grad or check_forward_ad:
        raise NotImplementedError(
            "gradcheck checks backward alone: leave check_batched_grad, check_batched_forward_grad and "
            "check_forward_ad at False"
        )
    given = _tuple(inputs)
    wanted = _checkable(given)
    if not check_backward_ad:
        return True
    try:
        check = _along_a_direction if fast_mode else _element_by_element
        check(
            func,
            given,
            wanted,
            eps=eps,
            atol=atol,
            rtol=rtol,
            nondet_tol=nondet_tol,
            dtypes=check_grad_dtypes,
        )
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """`gradcheck` of the gradients of `func(*inputs)` as functions of the inputs and of the outputs' gradients.

    Args:
        func: as for gradcheck.
        inputs: as for gradcheck.
        grad_outputs: the gradients to start from; default: normally distributed ones.
        eps: the step.
        atol: absolute tolerance.
        rtol: relative tolerance.
        gen_non_contig_grad_outputs: make those gradients with gaps in memory.
        raise_exception: raise when they disagree, instead of returning False.
        nondet_tol: by how much two backward passes may differ.
        check_undefined_grad: always done.
        check_grad_dtypes: also compare dtypes.
        check_batched_grad: not supported; raises.
        check_fwd_over_rev: not supported; raises.
        check_rev_over_rev: differentiate backward by backward: the only way there is.
        fast_mode: compare along one random direction.
        masked: ignored.

    Raises:
        GradcheckError: they disagree.
        ValueError: no input requires a gradient.
        NotImplementedError: forward mode or batched gradients are asked for.
    """
    if check_fwd_over_rev:
        raise NotImplementedError("gradgradcheck has no forward mode: leave check_fwd_over_rev at False")
    given = _tuple(inputs)
    _checkable(given)
    if not check_rev_over_rev:
        return True
    outputs = _differentiable(func(*given))
    if grad_outputs is None:
        vectors = tuple(_random_like(o, gaps=gen_non_contig_grad_outputs) for o in outputs)
    else:
        vectors = _tuple(grad_outputs)
    count = len(vectors)

    def gradients(*args: Any) -> tuple[Any, ...]:
        xs, vs = args[: len(args) - count], args[len(args) - count :]
        with enable_grad():
            outs = _differentiable(func(*xs))
            by = [x for x in xs if _is_tracked(x)]
            found = grad(outs, by, vs, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradients,
        given + vectors,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        masked=masked,
    )


def _element_by_element(
    func: Function,
    given: tuple[Any, ...],
    wanted: list[Any],
    *,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    dtypes: bool,
) -> None:
    """Compare the whole Jacobian of each output by each input."""
    numerical = [_columns(func, given, x, eps) for x in wanted]
    outputs = _checked_outputs(func, given)
    for i, out in enumerate(outputs):
        analytical = _jacobians(out, wanted, dtypes)
        again = _jacobians(out, wanted, dtypes)
        for j in range(len(wanted)):
            if not np.allclose(analytical[j], numerical[j][i], rtol, atol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {i} with respect to input {j},\n"
                    f"numerical:{numerical[j][i]}\nanalytical:{analytical[j]}\n"
                )
            _check_same(analytical[j], again[j], i, j, nondet_tol)


def _along_a_direction(
    func: Function,
    given: tuple[Any, ...],
    wanted: list[Any],
    *,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    dtypes: bool,
) -> None:
    """Compare u . (J v), by one difference, with (u J) . v, by one backward, for random u and unit v."""
    rng = np.random.default_rng(0)
    for j, x in enumerate(wanted):
        v = rng.standard_normal(_components(_host(x)).shape)
        v /= np.linalg.norm(v) or 1
        slopes = _difference(func, given, x, v, eps)
        for i, out in enumerate(_checked_outputs(func, given)):
            u = rng.standard_normal(slopes[i].shape)
            products = [_vjp(out, x, u, dtypes) @ v for _ in range(2)]
            slope = u @ slopes[i]
            if not np.allclose(products[0], slope, rtol, atol * max(1.0, float(np.linalg.norm(u)))):
                raise GradcheckError(
                    f"Gradients along a random direction differ for output {i} with respect to input {j},\n"
                    f"numerical:{slope}\nanalytical:{products[0]}\n"
                )
            _check_same(products[0], products[1], i, j, nondet_tol)


def _check_same(first: Any, second: Any, i: int, j: int, tolerance: float) -> None:
    if not np.allclose(first, second, rtol=0, atol=tolerance):
        raise GradcheckError(
            "Backward is not reentrant: run twice with the same input and grad_output it gave different values "
            f"for output {i} with respect to input {j} (by up to {np.max(np.abs(first - second)):.3g}, "
            f"nondet_tol is {tolerance:g})."
        )


def _columns(func: Function, given: tuple[Any, ...], x: Any, eps: float) -> list[Matrix]:
    """For each output the Jacobian by x: (components of x, components of the output)."""
    size = _components(_host(x)).size
    rows = [_difference(func, given, x, direction, eps) for direction in np.eye(size)]
    if rows:
        return [np.stack(column) for column in zip(*rows, strict=True)]
    return [np.zeros((0, _components(_host(o)).size)) for o in _differentiable(func(*given))]


def _difference(
    func: Function, given: tuple[Any, ...], x: Any, direction: Matrix, eps: float
) -> list[Matrix]:
    """The central difference of each output, x moved in place along `direction` and put back."""
    home = _host(x).copy()
    step = _from_components(direction * eps, home)
    ends = []
    with no_grad():
        try:
            for end in (home + step, home - step):
                _write(x, end)
                ends.append([_components(_host(o)) for o in _differentiable(func(*given))])
        finally:
            _write(x, home)
    return [(b - a) / (2 * eps) for b, a in zip(*ends, strict=True)]


def _jacobians(out: Any, wanted: list[Any], dtypes: bool) -> list[Matrix]:
    """By backward: for each input (components of the input, components of out)."""
    size = _components(_host(out)).size
    per_column = [_gradients(out, wanted, direction, dtypes) for direction in np.eye(size)]
    if not per_column:
        return [np.zeros((_components(_host(x)).size, 0)) for x in wanted]
    return [np.stack(rows, axis=1) for rows in zip(*per_column, strict=True)]


def _vjp(out: Any, x: Any, vector: Matrix, dtypes: bool) -> Matrix:
    return _gradients(out, [x], vector, dtypes)[0]


def _gradients(out: Any, wanted: list[Any], vector: Matrix, dtypes: bool) -> list[Matrix]:
    """The gradients of out along `vector`, as real components; zeros where out is constant."""
    if not out.requires_grad:
        return [np.zeros(_components(_host(x)).size) for x in wanted]
    seed = _tensor_like(_from_components(vector, _host(out)), out)
    found = grad(out, wanted, seed, retain_graph=True, allow_unused=True)
    for j, (g, x) in enumerate(zip(found, wanted, strict=True)):
        if g is not None and g.shape != x.shape:
            raise GradcheckError(f"grad of input {j} has shape {list(g.shape)}, the input {list(x.shape)}")
        if dtypes and g is not None and g.dtype is not x.dtype:
            raise GradcheckError(f"grad of input {j} has dtype {g.dtype}, the input {x.dtype}")
    return [
        np.zeros(_components(_host(x)).size) if g is None else _components(_host(g))
        for g, x in zip(found, wanted, strict=True)
    ]


def _checked_outputs(func: Function, given: tuple[Any, ...]) -> tuple[Any, ...]:
    with enable_grad():
        return _differentiable(func(*given))


def _checkable(given: tuple[Any, ...]) -> list[Any]:
    wanted = [x for x in given if _is_tracked(x)]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none does; call "
            ".requires_grad_() on those to differentiate by"
        )
    for i, x in enumerate(wanted):
        if x.dtype.itemsize < (16 if x.dtype.is_complex else 8):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. "
                "This check will likely fail: differences in single precision are too coarse.",
                stacklevel=3,
            )
        if x.numel() and any(step == 0 and n > 1 for step, n in zip(x.stride(), x.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck moves one element at a time, so no two "
                "may share memory: call .contiguous() on it."
            )
    return wanted


def _is_tracked(x: Any) -> bool:
    return isinstance(x, Handle) and x.tracked


def _differentiable(outputs: Any) -> tuple[Any, ...]:
    return tuple(
        o
        for o in _tuple(outputs)
        if isinstance(o, Handle) and (o.dtype.is_floating_point or o.dtype.is_complex)
    )


def _tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, Sequence) else (x,)


def _host(x: Any) -> Any:
    return x.detach().cpu().numpy()


def _write(x: Any, array: Any) -> None:
    with no_grad():
        x.copy_(_tensor_like(array, x))


def _tensor_like(array: Any, x: Any) -> Any:
    import unison

    return unison.tensor(array, dtype=x.dtype, device=x.device)


def _random_like(x: Any, *, gaps: bool) -> Any:
    import unison

    v = unison.randn((*x.shape, 2) if gaps else x.shape, dtype=x.dtype, device=x.device)
    v = v[..., 0] if gaps else v
    return v.detach().requires_grad_()


def _components(array: Any) -> Matrix:
    """The elements as real numbers: those of a complex array as pairs."""
    flat = np.ascontiguousarray(array).reshape(-1)
    if np.iscomplexobj(flat):
        flat = flat.astype(np.complex128).view(np.float64)
    return flat.astype(np.float64)


def _from_components(components: Matrix, like: Any) -> Any:
    if np.iscomplexobj(like):
        components = np.ascontiguousarray(components).view(np.complex128)
    return components.reshape(like.shape).astype(like.dtype)
