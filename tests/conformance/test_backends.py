"""The in-house backends, by the suite: exactly what `pytest --pyargs unison_conformance` runs for anybody else's."""

from unison_conformance.test_conformance import test_case, test_something_was_asserted

__all__ = ["test_case", "test_something_was_asserted"]
