"""One function called in PyTorch and in Unison on the same numbers: values, gradients and double backward compared."""

import numpy as np
import torch

import unison

__all__ = ["assert_refused_alike", "assert_twins"]

# Sums of products in float64: the rounding of some thousand additions.
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def _pair(shape, generator):
    array = generator.standard_normal(shape)
    return torch.tensor(array, requires_grad=True), unison.tensor(array).requires_grad_()


def _compare(ours, theirs, what):
    assert tuple(ours.shape) == tuple(theirs.shape), what
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), err_msg=what, **CLOSE)


def _many(out):
    return out if isinstance(out, tuple) else (out,)


def assert_twins(function, other, *inputs, double=True, seed=0, **settings):
    """Compare other (Unison's) with function (PyTorch's); inputs are shapes, None, or arrays passed to both as data."""
    generator = np.random.default_rng(seed)
    pairs = []
    for given in inputs:
        if given is None:
            pairs.append((None, None))
        elif isinstance(given, np.ndarray):
            pairs.append((torch.tensor(given), unison.tensor(given)))
        else:
            pairs.append(_pair(given, generator))
    outs = _many(function(*[p[0] for p in pairs], **settings))
    ours = _many(other(*[p[1] for p in pairs], **settings))
    assert len(outs) == len(ours)
    for mine, theirs in zip(ours, outs, strict=True):
        _compare(mine, theirs, "value")
    _compare_gradients(pairs, ours[0], outs[0], generator, double=double)
    return ours


def _compare_gradients(pairs, ours, theirs, generator, *, double):
    tracked = [p for p in pairs if p[0] is not None and p[0].requires_grad]
    g, our_g = _pair(tuple(theirs.shape), generator)
    first = torch.autograd.grad(theirs, [p[0] for p in tracked], g, create_graph=True)
    our_first = unison.autograd.grad(ours, [p[1] for p in tracked], our_g, create_graph=True)
    for i, (mine, expected) in enumerate(zip(our_first, first, strict=True)):
        _compare(mine, expected, f"gradient of input {i}")
    if not double:
        return
    loss = sum((t * t * t).sum() for t in first)
    our_loss = sum((t * t * t).sum() for t in our_first)
    wanted = [p[0] for p in tracked] + [g]
    second = torch.autograd.grad(loss, wanted, allow_unused=True)
    our_wanted = [p[1] for p in tracked] + [our_g]
    our_second = unison.autograd.grad(our_loss, our_wanted, allow_unused=True)
    for i, (mine, expected) in enumerate(zip(our_second, second, strict=True)):
        if expected is None or mine is None:
            present = mine if expected is None else expected
            assert present is None or not present.detach().numpy().any(), f"second order of input {i}"
            continue
        scale = max(1.0, float(expected.abs().max())) if expected.numel() else 1.0
        _compare(mine / scale, expected / scale, f"second order of input {i}")


def assert_refused_alike(function, other, *shapes, **settings):
    """Both refuse inputs of these shapes, Unison with a class that whoever catches PyTorch's also catches."""
    with_torch = [None if s is None else torch.zeros(s) for s in shapes]
    try:
        function(*with_torch, **settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, ours must be of that class
        expected = type(error)
    else:
        raise AssertionError("PyTorch accepts it")
    try:
        other(*[None if s is None else unison.zeros(s) for s in shapes], **settings)
    except expected as error:
        return str(error)
    raise AssertionError(f"Unison accepts it; PyTorch raises {expected.__name__}")
