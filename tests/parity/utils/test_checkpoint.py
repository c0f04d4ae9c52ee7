"""Checkpointing against PyTorch: gradients, how often the function runs, and which errors there are."""

import pytest

import unison
import unison.utils.checkpoint

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

X, W = [0.3, -0.7, 1.1], [1.5, 0.4, -0.8]


def inputs(library):
    return [library.tensor(values, dtype=library.float64, requires_grad=True) for values in (X, W)]


def region(x, w):
    y = (x * w).tanh()
    return (y * w).exp() * y


def nested(library, use_reentrant):
    checkpoint = library.utils.checkpoint.checkpoint
    return lambda x, w: checkpoint(region, checkpoint(region, x, w, use_reentrant=use_reentrant), w,
                                   use_reentrant=use_reentrant)  # fmt: skip


def close(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-12)


@pytest.mark.parametrize("use_reentrant", [False, True])
@pytest.mark.parametrize("deep", [False, True])
def test_values_and_gradients(use_reentrant, deep):
    def run(library):
        x, w = inputs(library)
        function = nested(library, use_reentrant) if deep else region
        out = library.utils.checkpoint.checkpoint(function, x, w, use_reentrant=use_reentrant)
        (out * out).sum().backward()
        return out.tolist(), x.grad.tolist(), w.grad.tolist()

    close(run(unison), run(torch))


def test_second_derivatives():
    def run(library):
        x, w = inputs(library)
        out = library.utils.checkpoint.checkpoint(region, x, w, use_reentrant=False)
        first = library.autograd.grad(out.sum(), (x, w), create_graph=True)
        second = library.autograd.grad(first[0].sum() + (first[1] * first[1]).sum(), (x, w))
        return [g.tolist() for g in (*first, *second)]

    close(run(unison), run(torch))


@pytest.mark.parametrize("segments", [1, 2, 3])
@pytest.mark.parametrize("use_reentrant", [False, True])
def test_how_often_the_parts_of_a_sequence_run(segments, use_reentrant):
    def run(library):
        calls = []

        def part(number):
            def function(x):
                calls.append(number)
                return (x * 1.5).tanh()

            return function

        x, _ = inputs(library)
        parts = [part(number) for number in range(4)]
        library.utils.checkpoint.checkpoint_sequential(
            parts, segments, x, use_reentrant=use_reentrant
        ).sum().backward()
        return calls

    assert run(unison) == run(torch)


def error(library, function):
    try:
        function(library, library.utils.checkpoint.checkpoint)
    except Exception as raised:  # noqa: BLE001 - the class is what is compared
        return type(raised).__name__
    return None


def differentiated(library, x, w):
    out = library.utils.checkpoint.checkpoint(region, x, w, use_reentrant=True)
    return library.autograd.grad(out.sum(), x)


def changing(*functions):
    runs = iter(functions)

    def function(x):
        return next(runs)(x)

    return function


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, c: c(region, *inputs(lib), use_reentrant=True, extra=1),
        lambda lib, c: c(region, *inputs(lib), use_reentrant=True, debug=True),
        lambda lib, c: c(changing(lambda x: x.sin().exp(), lambda x: x.sin()), inputs(lib)[0],
                         use_reentrant=False).sum().backward(),
        lambda lib, c: c(changing(lambda x: x.sin(), lambda x: x[:1].sin()), inputs(lib)[0],
                         use_reentrant=False).sum().backward(),
        lambda lib, c: c(lambda x: x.detach(), inputs(lib)[0], use_reentrant=True).sum().backward(),
        lambda lib, c: differentiated(lib, *inputs(lib)),
    ],
    ids=["keywords", "debug", "less saved", "other shape", "detached", "grad"],
)  # fmt: skip
def test_error_classes(call):
    expected = error(torch, call)
    assert expected is not None
    assert error(unison, call) == expected
