"""The tolerance table covers every operator, and nothing else holds a tolerance."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import unison  # noqa: F401 - declares the operators
from unison_conformance.tolerance import LIMITS, family_of, limit_of
from unison_conformance.tolerance.families import FAMILIES
from unison_conformance.tolerance.limits import Growth
from unison_core import dtypes
from unison_core.operator import registry

ROOT = Path(__file__).parents[3]


def test_families_name_every_operator_once():
    named = [name for names in FAMILIES.values() for name in names]
    assert len(named) == len(set(named))
    assert {n for n in registry if n not in named} == set()
    assert {n for n in named if n not in registry} == set()


def test_family_of_unknown_operator_says_where_to_add_it():
    with pytest.raises(KeyError, match="nope is in no family of the tolerance table; add it to FAMILIES"):
        family_of("nope")


def test_every_family_has_a_limit_with_a_source_for_every_dtype_of_its_operators():
    # complex_abs, real, imag and angle give real numbers: their complex cells would never be asked for.
    real_results = {"complex_abs", "real", "imag", "angle"}
    gaps = []
    for family, names in FAMILIES.items():
        for name in names:
            for dtype in registry[name].dtypes & dtypes.INEXACT:
                result = dtype.to_real() if name in real_results else dtype
                if family not in LIMITS or result not in LIMITS[family]:
                    gaps.append((family, name, result.name))
    assert gaps == []
    assert [
        (f, d.name) for f, row in LIMITS.items() for d, limit in row.items() if len(limit.source) < 4
    ] == []


def test_no_row_is_without_operators():
    assert set(LIMITS) - set(FAMILIES) <= {"vjp"}  # what the checks of gradients take


def test_limit_of_integers_is_exact():
    assert limit_of("sum", dtypes.int32).ulp == 0
    assert limit_of("sum", dtypes.int32).growth is Growth.NONE


def test_limit_of_missing_cell_names_it():
    with pytest.raises(KeyError, match="no cell for 'erf' in complex64"):
        limit_of("erf", dtypes.complex64)


def test_badge_tightsum_changes_the_growth_alone():
    plain, tight = limit_of("sum", dtypes.float32), limit_of("sum", dtypes.float32, {"tightsum"})
    assert (plain.growth, tight.growth) == (Growth.ROOT, Growth.LOG)
    assert plain.ulp == tight.ulp
    assert limit_of("exp", dtypes.float32, {"tightsum"}) is limit_of("exp", dtypes.float32)


@pytest.mark.parametrize("family", ["div", "sqrt"])
def test_badge_ieee_asks_for_correct_rounding_in_float32(family):
    assert limit_of(family, dtypes.float32).ulp > 0.5
    assert limit_of(family, dtypes.float32, {"ieee"}).ulp == 0.5
    assert limit_of(family, dtypes.float32, {"fp64"}).ulp > 0.5


def test_the_contracts_own_numbers():
    """Cells read off the contract's table: (family, float64, float32, float16, bfloat16)."""
    rows = {
        "exp": (3, 3, 2, 1),
        "log": (3, 3, 2, 1),
        "log1p": (2, 2, 2, 1),
        "sincos": (4, 4, 2, 1),
        "tan": (5, 5, 2, 1),
        "atan2": (6, 6, 2, 1),
        "asin": (4, 4, 2, 1),
        "atanh": (5, 5, 2, 1),
        "tanh": (5, 5, 2, 1),
        "erf": (16, 16, 4, 2),
        "pow": (16, 16, 4, 2),
        "div": (0.5, 2.5, 0.51, 0.51),
        "sqrt": (0.5, 3, 0.51, 0.51),
        "rsqrt": (2, 2, 1, 1),
        "sigmoid": (8, 8, 3, 2),
        "normal": (4, 4, 1, 1),
    }
    order = (dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16)
    assert {f: tuple(LIMITS[f][d].ulp for d in order) for f in rows} == rows


def sources():
    """The suite and its tests, without the table itself."""
    for folder in ("conformance/unison_conformance", "tests/conformance"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent.name != "tolerance" or path.name not in ("limits.py", "limit.py"):
                yield path


def literal_tolerances(tree: ast.AST):
    """Keywords that set a tolerance by a number, and comparisons with a small one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {
            "rtol",
            "atol",
            "tol",
            "tolerance",
            "abs_tol",
            "rel_tol",
        }:
            if any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in ast.walk(node.value)):
                yield node.value
        elif isinstance(node, ast.Compare) and any(isinstance(o, (ast.Lt, ast.LtE)) for o in node.ops):
            for side in node.comparators:
                if isinstance(side, ast.Constant) and isinstance(side.value, float) and 0 < side.value < 0.01:
                    yield side
        elif isinstance(node, ast.Attribute) and node.attr in {
            "allclose",
            "assert_allclose",
            "approx",
            "isclose",
        }:
            yield node


def test_no_literal_tolerance_outside_the_table():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        for node in literal_tolerances(ast.parse(path.read_text()))
    ]
    assert found == []


def test_the_search_for_literal_tolerances_finds_them():
    planted = "f(x, rtol=1e-3)\nassert abs(a - b) < 1e-6\nnp.allclose(a, b)\nassert 1e-3 < x\n"
    assert sorted(n.lineno for n in literal_tolerances(ast.parse(planted))) == [1, 2, 3]
