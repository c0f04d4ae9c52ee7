"""The strong Wolfe line search, on functions whose conditions can be checked by themselves."""

import math

import pytest

import unison
from unison.optim._line_search import Probe, strong_wolfe

FUNCTIONS = {
    "bowl": (lambda t: (t - 2.0) ** 2, lambda t: 2 * (t - 2.0)),
    "steep": (lambda t: 50.0 * (t - 0.01) ** 2, lambda t: 100.0 * (t - 0.01)),
    "far": (lambda t: -math.log1p(t) + 1e-3 * t, lambda t: -1 / (1 + t) + 1e-3),
    "wavy": (lambda t: -t / (t * t + 2) + 0.1 * math.sin(5 * t) * t * t / 40, None),
}


def _slope(function, derivative):
    return derivative or (lambda t: (function(t + 1e-6) - function(t - 1e-6)) / 2e-6)


@pytest.mark.parametrize("first", [1e-3, 0.5, 1.0, 30.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_strong_wolfe_finds_a_point_that_satisfies_both_conditions(name, first):
    function, derivative = FUNCTIONS[name]
    slope = _slope(function, derivative)
    calls = []

    def probe(t):
        calls.append(t)
        return Probe(
            t, function(float(t)), unison.zeros(1), unison.tensor(slope(float(t)), dtype=unison.float64)
        )

    start = probe(0)
    found = strong_wolfe(probe, start, first, 1.0, 25)
    assert found.value <= start.value + 1e-4 * found.length * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)
    assert len(calls) <= 27


def test_strong_wolfe_gives_the_best_end_when_iterations_run_out():
    down = unison.tensor(-1.0, dtype=unison.float64)
    start = Probe(0, 0.0, unison.zeros(1), down)
    found = strong_wolfe(lambda t: Probe(t, -float(t), unison.zeros(1), down), start, 1.0, 1.0, 3)
    assert found.value == -1000.0
    assert strong_wolfe(lambda t: Probe(t, t, unison.zeros(1), -down), start, 1.0, 1.0, 0) is start
