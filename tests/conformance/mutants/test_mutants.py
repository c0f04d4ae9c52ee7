"""The suite has teeth: seeded bugs are seen, backends that compute nothing fail everywhere, the oracle passes."""

from __future__ import annotations

import numpy as np
import pytest

import unison
from unison_conformance.cases import cases_of
from unison_conformance.checks import CHECKS
from unison_conformance.mutants import MUTANTS, backends
from unison_conformance.mutants.kill import hunt, individuals, rate
from unison_conformance.mutants.mutant import planted
from unison_conformance.running import Verdict, perform
from unison_core import dtypes, ops
from unison_core.operator import registry

OPERATORS = backends.operators()
NOT_GREEN = {Verdict.FAIL, Verdict.NONDETERMINISTIC}


def _cases(op):
    wanted = [d for d in (dtypes.float32, dtypes.int64, dtypes.bool_, dtypes.complex64) if d in op.dtypes]
    return [c for c in cases_of(op.name, wanted or sorted(op.dtypes, key=str)) if c.layout == "contiguous"]


def _seen(bug, cases):
    with planted(bug, "cpu"):
        return next((r for r in (perform(c, "cpu") for c in cases) if r.verdict in NOT_GREEN), None)


def test_there_are_many_mutants_and_many_have_a_public_model():
    assert len(MUTANTS) >= 60
    modelled = [m.like for m in MUTANTS.values() if m.like]
    assert len(modelled) >= 20
    assert all(like.startswith("https://github.com/") for like in modelled)


def test_a_planted_bug_is_gone_afterwards():
    x = unison.tensor([-1.0, 2.0])
    with planted(MUTANTS["state.writes_into_its_input"], "cpu"):
        pass
    ops.relu(x)
    assert x.tolist() == [-1.0, 2.0]


def test_quick_run_kills_at_least_95_percent():
    kills = list(hunt(individuals(MUTANTS.values()), "cpu"))
    assert rate(kills) >= 0.95, [f"{k.mutant} in {k.operator}" for k in kills if not k.killed]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_null_backend_fails(op):
    assert _seen(backends.zeros(op), _cases(op)) is not None


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_backend_that_computes_nothing_fails(op):
    assert _seen(backends.nothing(op), _cases(op)) is not None


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_backend_that_caches_by_shape_fails(op):
    if not op.data:
        pytest.skip("an operator without inputs is its attributes")
    if _seen(backends.cached(op), _cases(op)) is not None:
        return
    with planted(backends.cached(op), "cpu"):
        verdict = perform(CHECKS[f"check.state.calls_do_not_share-{op.name}"], "cpu").verdict
    assert verdict is Verdict.FAIL


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_echo_backend_passes(op):
    found = _seen(backends.echo(op), _cases(op)[:40])
    assert found is None, f"{found.case}: {found.detail}"


def test_every_operator_is_among_them_but_those_without_values():
    left_out = set(registry) - {op.name for op in OPERATORS}
    assert {n for n in left_out if "writes" not in registry[n].tags} == {"empty", "to_device"}


def test_zeros_are_what_the_null_backend_returns():
    with planted(backends.zeros(registry["exp"]), "cpu"):
        assert np.array_equal(unison.exp(unison.tensor([1.0, 2.0])).numpy(), [0.0, 0.0])
