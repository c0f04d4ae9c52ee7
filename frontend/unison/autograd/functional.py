"""Jacobians, Hessians and their products with vectors, of functions of tensors.

Products J v go by differentiating twice: u J is linear in u, and its derivative along u, taken with v, is J v.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison.autograd.grad_mode import enable_grad
from unison.autograd.interface import grad
from unison_core.handle import Handle

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), v J): the product of a vector, shaped like the outputs, with the Jacobian.

    Raises:
        RuntimeError: v is missing though the output has several elements, or, if strict, an input is not used.
    """
    xs = _inputs(inputs, create_graph)
    with enable_grad():
        out = func(*xs)
        product = _grad(_tuple(out), xs, _vectors(v, _tuple(out)), create_graph, strict)
    return _done(out, create_graph), _like(inputs, product, create_graph)


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), J v): the product of the Jacobian with a vector, shaped like the inputs.

    Raises:
        RuntimeError: v is missing though the input has several elements, or, if strict, an input is not used.
    """
    xs = _inputs(inputs, create_graph)
    with enable_grad():
        out = func(*xs)
        outs = _tuple(out)
        seeds = tuple(o.detach().mul(0).requires_grad_() for o in outs)
        product = _grad(outs, xs, seeds, True, strict)
        result = _grad(product, seeds, _vectors(v, xs), create_graph, False)
    return _done(out, create_graph), _like(out, result, create_graph)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), H v) for a function with one number as result; H is symmetric, so it is `vhp`."""
    return vhp(func, inputs, v, create_graph, strict)


def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), v H): the product of a vector, shaped like the inputs, with the Hessian.

    Raises:
        RuntimeError: func returns more than one element, or, if strict, an input is not used.
    """
    xs = _inputs(inputs, create_graph)
    with enable_grad():
        out = func(*xs)
        first = _grad((out,), xs, (None,), True, strict)
        product = _grad(first, xs, _vectors(v, xs), create_graph, strict)
    return _done(out, create_graph), _like(inputs, product, create_graph)


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivatives of each output by each input, shaped (*output, *input); tuples where func has or takes several.

    Raises:
        NotImplementedError: strategy is not "reverse-mode".
        RuntimeError: strict, and an output does not depend on an input.
    """
    if strategy != "reverse-mode":
        raise NotImplementedError(f"jacobian goes by strategy='reverse-mode' alone, not {strategy!r}")
    import unison

    xs = _inputs(inputs, create_graph)
    with enable_grad():
        out = func(*xs)
        rows = []
        for o in _tuple(out):
            flat = o.reshape(-1)
            parts = [_grad((flat[i],), xs, (None,), create_graph, strict) for i in range(flat.numel())]
            columns = [
                unison.stack(column).reshape((*o.shape, *x.shape))
                for x, column in zip(xs, zip(*parts, strict=True), strict=True)
            ]
            rows.append(_like(inputs, tuple(columns), create_graph))
    return tuple(rows) if isinstance(out, tuple) else rows[0]


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function with one number as result, shaped (*input, *input)."""

    def gradient(*xs: Any) -> Any:
        found = jacobian(lambda *ys: func(*ys).reshape(()), xs, create_graph=True, strict=strict)
        return found if isinstance(inputs, tuple) else found[0]

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _inputs(inputs: Any, create_graph: bool) -> tuple[Any, ...]:
    """The inputs as tensors of their own; part of the caller's graph with create_graph."""
    with enable_grad():
        if create_graph:
            return tuple(
                x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in _tuple(inputs)
            )
        return tuple(x.detach().requires_grad_() for x in _tuple(inputs))


def _grad(
    outs: tuple[Any, ...], xs: tuple[Any, ...], vectors: tuple[Any, ...], create_graph: bool, strict: bool
) -> tuple[Any, ...]:
    pairs = [(o, v) for o, v in zip(outs, vectors, strict=True) if o.requires_grad]
    if not pairs:
        if strict:
            raise RuntimeError("strict=True, and an output does not depend on the inputs")
        return tuple(x.detach() * 0 for x in xs)
    os, vs = zip(*pairs, strict=True)
    return grad(
        os,
        xs,
        vs,
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=not strict,
        materialize_grads=not strict,
    )


def _vectors(v: Any, like: tuple[Any, ...]) -> tuple[Any, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError("the vector v may be left out only for a single tensor of one element")
        return (like[0].detach() * 0 + 1,)
    given = _tuple(v)
    shapes, expected = [x.shape for x in given], [x.shape for x in like]
    if shapes != expected:
        raise RuntimeError(f"v has the shapes {[list(s) for s in shapes]}, not {[list(s) for s in expected]}")
    return given


def _tuple(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, Handle) else tuple(x)


def _done(out: Any, create_graph: bool) -> Any:
    if create_graph:
        return out
    return tuple(o.detach() for o in out) if isinstance(out, tuple) else out.detach()


def _like(given: Any, found: tuple[Any, ...], create_graph: bool) -> Any:
    done = tuple(_done(f, create_graph) for f in found)
    return done[0] if isinstance(given, Handle) else done
