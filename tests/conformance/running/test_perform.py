"""What becomes of a case: each way a kernel can be wrong has its verdict."""

from __future__ import annotations

import numpy as np
import pytest

from unison_conformance.cases import parse
from unison_conformance.checks import Check, CheckFailed
from unison_conformance.running import Verdict, perform
from unison_core import devices
from unison_core.dispatch.fallback import host_kernel
from unison_core.errors import NotSupportedError
from unison_core.operator import registry

ORDINARY = "exp-float32-contiguous-ordinary-2"
STEPPED = "exp-float32-stepped-ordinary-2"


@pytest.fixture
def plant(monkeypatch):
    """Put another kernel in an operator's place on cpu; it is given the right one first."""

    def put(name, wrong):
        table, device = registry[name].table, devices.canonical("cpu")
        right = table[device]
        monkeypatch.setitem(table, device, lambda *arrays, **attrs: wrong(right, *arrays, **attrs))

    return put


def verdict(name):
    result = perform(parse(name), "cpu")
    return result.verdict, result.detail


def test_right_kernel_passes_with_its_error_and_limit():
    result = perform(parse(ORDINARY), "cpu")
    assert result.verdict is Verdict.PASS
    assert 0 < result.error <= result.limit == 3


def test_wrong_value_fails_with_place_and_inputs_in_hexadecimal(plant):
    def wrong(right, x):
        out = right(x)
        out[1, 2] *= 1.001
        return out

    plant("exp", wrong)
    result = perform(parse(ORDINARY), "cpu")
    assert result.verdict is Verdict.FAIL
    assert result.ratio > 100
    assert "at [1, 2]" in result.detail
    assert "(0x" in result.inputs


def test_wrong_shape_and_dtype_fail_by_the_rules(plant):
    plant("exp", lambda right, x: right(x).astype(np.float64))
    found, text = verdict(ORDINARY)
    assert found is Verdict.FAIL
    assert "float64[2, 3], the operator's rules say float32[2, 3]" in text


def test_writing_an_input_fails(plant):
    def wrong(right, x):
        out = right(x)
        x[...] = 0
        return out

    plant("exp", wrong)
    assert verdict(ORDINARY)[0] is Verdict.FAIL
    assert "input 0 was written to" in verdict(ORDINARY)[1]


def test_writing_beside_an_input_fails(plant):
    def wrong(right, x):
        x.base[0] = 7
        return right(x)

    plant("exp", wrong)
    found, text = verdict(STEPPED)
    assert found is Verdict.FAIL
    assert "was written to" in text


def test_unread_poison_does_not_show_but_read_poison_does(plant):
    assert verdict(STEPPED)[0] is Verdict.PASS
    # Ignores the offset of the view.
    plant("exp", lambda right, x: right(x.base.reshape(2, -1)[:, : x.shape[1]]))
    assert verdict(STEPPED)[0] is Verdict.FAIL


def test_other_bits_the_second_time_are_nondeterministic(plant):
    calls = []

    def wrong(right, x):
        calls.append(1)
        return np.nextafter(right(x), np.float32(0 if len(calls) % 2 else 100), dtype=np.float32)

    plant("exp", wrong)
    names = [f"exp-float32-contiguous-ordinary-{n}" for n in (0, 1, 2, 5)]
    names += [f"exp-float32-{layout}-ordinary-{n}" for layout in ("stepped", "offset") for n in (1, 2, 5)]
    found = [verdict(name)[0] for name in names]
    assert Verdict.NONDETERMINISTIC in found


def test_refusing_what_is_listed_is_a_lie(plant):
    def wrong(right, x):
        raise NotSupportedError("not today")

    plant("exp", wrong)
    found, text = verdict(ORDINARY)
    assert found is Verdict.LIE
    assert "lists float32" in text


def test_refusing_a_dtype_that_is_not_listed_is_not_supported():
    result = perform(parse("exp-float64-contiguous-ordinary-2"), "strict:1")
    assert result.verdict is Verdict.NOT_SUPPORTED


def test_exception_of_a_kernel_fails_with_its_text(plant):
    def wrong(right, x):
        raise OSError("driver gone")

    plant("exp", wrong)
    assert verdict(ORDINARY)[0] is Verdict.FAIL
    assert "driver gone" in verdict(ORDINARY)[1]


def test_missing_kernel_is_a_fallback_that_names_the_operator(monkeypatch):
    device = devices.canonical("strict:0")
    monkeypatch.setitem(registry["exp"].table, device, host_kernel(registry["exp"], device))
    result = perform(parse(ORDINARY), "strict:0")
    assert result.verdict is Verdict.FALLBACK
    assert result.detail.startswith("exp has no kernel")


def test_uninitialised_results_hold_poison(plant):
    plant("exp", lambda right, x: np.empty_like(x))
    result = perform(parse("exp-float32-contiguous-ordinary-5"), "cpu")
    assert result.verdict is Verdict.FAIL


def test_error_case_wants_the_class_and_the_text(plant):
    name = "matmul-float32-contiguous-error-0"
    assert verdict(name) == (Verdict.PASS, "")
    plant("matmul", lambda right, a, b: a)
    found, text = verdict(name)
    assert found is Verdict.FAIL
    assert "no error: it must raise RuntimeError" in text


def test_operator_without_oracle_is_an_error_of_the_suite(monkeypatch):
    from unison_conformance.oracle import ORACLES

    name = "tanh-float32-contiguous-ordinary-1.12345"
    monkeypatch.delitem(ORACLES, "tanh")
    assert verdict(name) == (Verdict.SUITE_ERROR, "the suite has no oracle for tanh")


def test_check_passes_fails_and_needs_badges():
    def broken(device):
        raise CheckFailed(f"seen on {device}")

    assert perform(Check("check.a.b", 0, lambda device: None), "cpu").verdict is Verdict.PASS
    failed = perform(Check("check.a.b", 0, broken), "cpu")
    assert (failed.verdict, failed.detail) == (Verdict.FAIL, "seen on cpu")
    lacking = perform(Check("check.a.b", 0, broken, frozenset({"graph"})), "cpu")
    assert lacking.verdict is Verdict.NOT_SUPPORTED


@pytest.mark.parametrize("place", [0, 1, 2, -1])
def test_operator_that_writes_beside_its_elements_fails(plant, place):
    def wrong(right, *arrays, **attrs):
        out = right(*arrays, **attrs)
        first = arrays[place]
        np.lib.stride_tricks.as_strided(first, (2,), (first.itemsize,))[1] = 0
        return out

    name = "adam_step-float32-stepped-ordinary-0"
    assert verdict(name)[0] is Verdict.PASS
    plant("adam_step", wrong)
    found, text = verdict(name)
    assert found is Verdict.FAIL
    assert "was written around: 4 bytes" in text


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "stepped", "offset", "column", "mixed"])
def test_memory_around_elements_is_all_but_them(layout):
    from unison_conformance.running.inputs import _around

    hosts = tuple(np.ones((3, 4), dtype) for dtype in (np.float32, np.int64, np.bool_, np.float16))
    for x, around in zip(hosts, _around(hosts, layout), strict=True):
        assert (~around).sum() == x.nbytes
