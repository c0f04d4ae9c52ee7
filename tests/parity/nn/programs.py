"""Programs that run on PyTorch and on Unison, and what they have in common."""

import warnings

import torch

import unison

__all__ = ["assert_same_trace", "error_of", "nested"]


def assert_same_trace(program):
    """The program, called with each of the two, returns the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert program(unison) == program(torch)


def error_of(call):
    """The class of what call raises; None if nothing."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - any class may be the right one
        return type(error).__name__
    return None


def nested(T):
    """A tree with a shared parameter, a buffer that persists and one that does not, and an absent child."""

    class Leaf(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = T.nn.Parameter(T.ones(3))
            self.register_parameter("absent", None)
            self.register_buffer("kept", T.zeros(2))
            self.register_buffer("dropped", T.zeros(1), persistent=False)
            self.register_buffer("nothing", None)

        def forward(self, x, scale=1.0):
            return x * self.weight * scale

    class Tree(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Leaf()
            self.second = Leaf()
            self.shared = self.first
            self.missing = None
            self.register_module("gap", None)
            self.tied = self.first.weight

        def forward(self, x):
            return self.second(self.first(x))

    return Tree()
