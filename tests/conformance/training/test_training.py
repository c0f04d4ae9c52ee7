"""Training conformance notices gradients and losses that are off, and its reference can be measured again."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from unison_conformance.mutants.mutant import Mutant, planted
from unison_conformance.training import MODELS, judge, reference, run


@pytest.mark.parametrize("name", MODELS)
def test_the_reference_holds_every_parameter(name):
    names = {n for n, _ in MODELS[name].build().named_parameters()}
    assert set(reference()[name]["along"]) == names


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_reference_can_be_measured_again(name):
    exact = run(MODELS[name], "cpu", wide=True, steps=1)
    for parameter, along in reference()[name]["along"].items():
        scale = max(reference()[name]["norms"][parameter], reference()[name]["scale"])
        gap = np.abs(np.array(exact.along[parameter]) - along).max() / scale
        assert gap < np.finfo(np.float64).eps * 2**20


def test_a_gradient_off_by_a_thousandth_is_noticed():
    from unison_core import ops
    from unison_core.ops._shared import scalar_like

    def wrong(right):
        def rule(*given, **attrs):
            first, *rest = right(*given, **attrs)
            off = None if first is None else ops.mul(first, scalar_like(1.001, first))
            return (off, *(None if r is None else ops.mul(r, scalar_like(1.001, r)) for r in rest))

        return rule

    with planted(Mutant("test", ("linear",), wrong, "", "vjp"), "cpu"):
        trace = run(MODELS["mlp"], "cpu")
    assert judge(MODELS["mlp"], trace, reference()["mlp"])[0] > 1


def test_a_loss_outside_the_envelope_is_noticed():
    trace = run(MODELS["mlp"], "cpu")
    assert judge(MODELS["mlp"], trace, reference()["mlp"])[0] <= 1
    off = copy.deepcopy(trace)
    off.losses[-1] *= 1.01
    ratio, text = judge(MODELS["mlp"], off, reference()["mlp"])
    assert ratio > 1
    assert "loss of step" in text


def test_nan_is_noticed():
    trace = run(MODELS["mlp"], "cpu")
    trace.losses[3] = float("nan")
    assert judge(MODELS["mlp"], trace, reference()["mlp"])[0] == float("inf")
