"""The device for tests of the CUDA backend: a GPU where `--device cuda:0` names one, else the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.cuda import standin
from tests.core.ckit import plainc


@pytest.fixture(scope="module")
def cuda(request: pytest.FixtureRequest) -> Iterator[str]:
    """Its name. Modules that look into the stand-in have a fixture of this name of their own."""
    named = [name for name in request.config.getoption("--device") if name.startswith("cuda")]
    if named:
        yield named[0]
    elif plainc.COMPILER is None:
        pytest.skip("no C compiler on this machine")
    else:
        with standin.installed() as name:
            yield name
