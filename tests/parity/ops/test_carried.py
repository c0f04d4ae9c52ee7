import importlib

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.harness import database, lists  # noqa: E402
from tests.parity.harness.candidate import Candidate  # noqa: E402
from tests.parity.harness.measure import measure  # noqa: E402
from tests.parity.harness.plan import CARRIED_BY, CHECKS  # noqa: E402

CARRIED = lists.read("carried")
COMPLETE = frozenset(lists.read("complete"))
# Of each check and dtype; the command runs all samples before it lists an operator.
SAMPLES = 4
# The share of the database that has to be carried.
FLOOR = 0.93


@pytest.fixture(scope="module")
def unison():
    return Candidate(importlib.import_module("unison"))


@pytest.mark.parametrize("name", CARRIED)
def test_op_is_carried(name, unison):
    (op,) = [op for op in database.entries() if op.full_name == name]
    made = measure(op, unison, limit=SAMPLES, wanted=CHECKS if name in COMPLETE else CARRIED_BY)
    assert not made.failures, "\n".join(
        f"{failure.reason}\n  python -m tests.parity.harness --repro {failure.case!r}"
        for failure in made.failures.values()
    )
    assert made.status == "carried"


def test_share_of_ops_carried_is_not_below_floor():
    assert len(CARRIED) / len(database.entries()) >= FLOOR


@pytest.mark.parametrize("name", lists.LISTS)
def test_list_is_sorted_and_names_ops(name):
    names = lists.read(name)
    assert names == sorted(set(names))
    assert set(names) <= {op.full_name for op in database.entries()}


def test_complete_ops_are_carried():
    assert set(CARRIED) >= COMPLETE
