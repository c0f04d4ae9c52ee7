"""`backward` and `grad`: what users call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.autograd import engine
from unison.autograd.graph import edge
from unison_core import ops
from unison_core.dispatch.promotion import INEXACT, constant
from unison_core.handle import Handle

__all__ = ["backward", "grad"]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` with respect to the graph's leaves to their `.grad`.

    Args:
        tensors: tensor or sequence of tensors to differentiate.
        grad_tensors: for each the vector of the product; may be None for tensors of one element.
        retain_graph: keep what was saved, so that backward can run again; default: create_graph.
        create_graph: record backward itself, for higher orders.
        grad_variables: ignored; torch's old name of grad_tensors.
        inputs: add to the `.grad` of these alone.

    Raises:
        RuntimeError: a tensor does not require a gradient, has several elements and no vector, or its graph was freed.
    """
    outputs = _sequence(tensors)
    given = _sequence(grad_tensors) if grad_tensors is not None else (None,) * len(outputs)
    roots = _roots(outputs, given, create_graph)
    targets = None
    if inputs is not None:
        wanted = _sequence(inputs)
        if not wanted:
            raise RuntimeError("`inputs` argument to `backward` cannot be empty.")
        targets = [edge(t) for t in wanted]
    retain = create_graph if retain_graph is None else retain_graph
    found = engine.run(
        roots,
        retain_graph=retain,
        create_graph=create_graph,
        targets=targets,
        accumulate_targets=inputs is not None,
    )
    if inputs is not None:
        for t, place in zip(_sequence(inputs), targets or (), strict=True):
            if place is not t and place in found:
                t.grad = found[place] if t.grad is None else ops.add(t.grad, found[place])


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, a tuple; leaves' `.grad` is not touched.

    Args:
        outputs: tensor or sequence of tensors to differentiate.
        inputs: tensor or sequence of tensors to differentiate by.
        grad_outputs: for each output the vector of the product; may be None for tensors of one element.
        retain_graph: keep what was saved; default: create_graph.
        create_graph: record backward itself, for higher orders.
        only_inputs: ignored, as in torch.
        is_grads_batched: not supported; raises.
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        materialize_grads: give zeros for such an input.

    Raises:
        RuntimeError: an input does not require a gradient, or was not used.
    """
    if is_grads_batched:
        raise NotImplementedError(
            "is_grads_batched needs vmap, which Unison does not have yet; loop over the vectors"
        )
    outs, ins = _sequence(outputs), _sequence(inputs)
    given = _sequence(grad_outputs) if grad_outputs is not None else (None,) * len(outs)
    for t in ins:
        if not t.tracked:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    places = [edge(t) for t in ins]
    found = engine.run(
        _roots(outs, given, create_graph),
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        targets=places,
    )
    return tuple(
        _result(t, found.get(p), allow_unused, materialize_grads) for t, p in zip(ins, places, strict=True)
    )


def _result(t: Any, g: Any, allow_unused: bool | None, materialize: bool) -> Any:
    if g is not None:
        return g
    if materialize:
        return ops.full(shape=t.shape, value=0, dtype=t.dtype, device=t.device)
    if not allow_unused:
        raise RuntimeError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    return None


def _sequence(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, Handle) else tuple(x)


def _roots(outputs: Sequence[Any], given: Sequence[Any], create_graph: bool) -> list[tuple[Any, Any]]:
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients")
    return [(_root(t), _seed(t, g)) for t, g in zip(outputs, given, strict=True)]


def _root(t: Any) -> Any:
    if not t.tracked:
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    return edge(t)


def _seed(t: Any, g: Any) -> Any:
    if g is None:
        if t.array.shape and any(n != 1 for n in t.array.shape):
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, got shape {list(t.shape)}; pass the gradient"
            )
        if not t.array.shape and t.array.dtype in INEXACT:
            return constant(1, t.dtype, t.device)
        if not (t.dtype.is_floating_point or t.dtype.is_complex):
            raise RuntimeError(f"grad can be created only for floating-point outputs, got {t.dtype.name}")
        return ops.full(shape=t.shape, value=1, dtype=t.dtype, device=t.device)
    if not isinstance(g, Handle):
        raise TypeError(f"gradients are tensors or None, but got {type(g).__name__}")
    if g.shape != t.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {list(g.shape)} and output[0] has a shape of "
            f"{list(t.shape)}."
        )
    return g
