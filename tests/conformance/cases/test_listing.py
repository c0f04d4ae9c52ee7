"""The list of cases: what it covers, how long it is, and that another list is noticed."""

from __future__ import annotations

import itertools
import json
from math import prod

import pytest

import unison  # noqa: F401 - declares the operators
from unison_conformance.cases import listing
from unison_conformance.cases.case import parse
from unison_conformance.cases.fuzz import fuzzed, reshaped
from unison_conformance.cases.listing import cases_of, check_list, samples_of, write_manifest
from unison_conformance.cases.shapes import MORE, more_samples
from unison_conformance.cases.values import draw
from unison_conformance.errors import SuiteError
from unison_core import dtypes
from unison_core.operator import registry
from unison_core.samples import Arg
from unison_core.spec import Spec


@pytest.fixture(scope="module")
def core_list():
    return [case for name in registry for case in cases_of(name)]


def test_level_1_has_the_size_that_a_quick_run_affords(core_list):
    assert 12_000 <= len(core_list) <= 18_000


def test_names_are_unlike_each_other_and_lead_back_to_the_case(core_list):
    assert len({str(c) for c in core_list}) == len(core_list)
    assert all(parse(str(c)) == c for c in core_list[::97])


def test_every_layout_meets_every_core_dtype(core_list):
    pairs = {(c.layout, c.dtype) for c in core_list}
    assert pairs == set(itertools.product(listing.LAYOUTS, ("float32", "int32", "int64", "bool")))


def test_every_sample_is_called_contiguous_with_ordinary_numbers(core_list):
    there = {(c.operator, c.sample) for c in core_list if c.layout == "contiguous" and c.values == "ordinary"}
    assert {(name, n) for name in ("matmul", "sum", "exp") for n in range(len(samples_of(name)))} <= there


@pytest.mark.parametrize("name", sorted(MORE))
def test_rules_accept_every_further_sample(name):
    op = registry[name]
    kind = dtypes.float32 if dtypes.float32 in op.dtypes else min(op.dtypes, key=str)
    for sample in more_samples(name) if "dynamic" not in op.tags else ():
        specs = [Spec(x.shape, x.dtype or kind) if isinstance(x, Arg) else x for x in sample.inputs]
        out = op.infer(*specs, **{**op.defaults, **sample.attrs})
        assert out is not None


def test_manifest_of_another_list_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MANIFEST", tmp_path / "manifest.json")
    with pytest.raises(SuiteError, match="cannot be read"):
        check_list()
    data = json.loads(write_manifest().read_text())
    check_list()
    data["groups"]["float16"]["sha256"] = "0" * 64
    listing.MANIFEST.write_text(json.dumps(data))
    with pytest.raises(SuiteError, match="the cases of float16 are not those of suite"):
        check_list()


def test_operators_of_plugins_are_not_hashed(monkeypatch):
    before = listing._manifest()
    relu = registry["relu"]
    monkeypatch.setattr(listing, "foreign", lambda: ("relu",))
    after = listing._manifest()
    assert before["groups"]["core"]["cases"] - after["groups"]["core"]["cases"] == len(list(cases_of("relu")))
    assert relu is registry["relu"]


def test_fuzzed_cases_are_the_same_for_a_seed_and_made_again_from_their_names():
    first, again, other = (list(itertools.islice(fuzzed(s, "matmul"), 20)) for s in (7, 7, 8))
    assert first == again != other
    for case in first:
        made = parse(str(case))
        assert made.call() == case.call()
        assert case.seed > 0


def test_fuzzed_sizes_differ_from_the_sample_and_stay_small():
    shapes = {c.call().inputs[0].shape for c in itertools.islice(fuzzed(1, "sum"), 60)}
    assert len(shapes) > 30
    op, sample = registry["matmul"], samples_of("matmul")[0]
    for seed in range(1, 30):
        a, b = reshaped(op, sample, seed).inputs
        assert a.shape[1] == b.shape[0]
        assert prod(a.shape) <= 600


def test_every_class_of_values_draws_an_array_for_no_dimensions():
    for values in ("ordinary", "special", "ties", "large"):
        assert draw(Arg(()), dtypes.float32, values, 1).shape == ()
        assert type(draw(Arg(()), dtypes.float32, values, 1)).__name__ == "ndarray"
