"""What the tests checkpoint, and how they look at it."""

import unison


class Counted:
    """A function that counts its calls and how far each of them got."""

    def __init__(self, function):
        self.function = function
        self.calls = 0
        self.completed = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        result = self.function(*args, **kwargs)
        self.completed += 1
        return result


def region(x, w):
    return ((x * w).tanh() * w).sin()


def inputs():
    x = unison.tensor([0.3, -0.7, 1.1], dtype=unison.float64, requires_grad=True)
    w = unison.tensor([1.5, 0.4, -0.8], dtype=unison.float64, requires_grad=True)
    return x, w


def gradients(function):
    x, w = inputs()
    out = function(x, w)
    (out * out).sum().backward()
    return out.tolist(), x.grad.tolist(), w.grad.tolist()


def changing(*variants):
    """A function that does something else each time it is called."""
    runs = iter(variants)

    def function(x):
        return next(runs)(x)

    return function
