"""`unison.backends` lists what is installed when it is called, and holds torch's switches."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

import unison
from unison_core import plugins, precision


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    with precision.allowing(precision.allowed()):
        yield


def test_the_module_is_called_as_the_function_that_it_was() -> None:
    assert unison.backends() == plugins.backends()
    assert {"cpu", "meta"} <= {r.name for r in unison.backends()}


def test_every_way_to_import_it_finds_the_same_and_it_is_loaded_when_used() -> None:
    code = (
        "import json, sys, unison\n"
        "early = 'unison.backends' in sys.modules\n"
        "import unison.backends.cuda\n"
        "from unison import backends\n"
        "from unison.backends.cudnn import flags\n"
        "import unison.backends as again\n"
        "same = backends is unison.backends is again is sys.modules['unison.backends']\n"
        "names = [r.name for r in backends()]\n"
        "print(json.dumps([early, same, flags is backends.cudnn.flags, 'cpu' in names]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, True, True, True]


def test_tf32_is_off_everywhere_by_default() -> None:
    code = (
        "import json, unison\n"
        "b = unison.backends\n"
        "print(json.dumps([unison.get_float32_matmul_precision(), b.cuda.matmul.allow_tf32, b.cudnn.allow_tf32,"
        " b.fp32_precision, b.cuda.matmul.fp32_precision, b.cudnn.conv.fp32_precision, b.cudnn.fp32_precision]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"CUPY_TF32": "1", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"},
    )
    assert json.loads(done.stdout) == ["highest", False, False, "ieee", "ieee", "ieee", "ieee"]


def test_the_switches_of_matrices_and_convolutions_are_two() -> None:
    unison.backends.cudnn.allow_tf32 = True
    assert precision.allowed() == precision.Precision("highest", "high")
    assert unison.backends.fp32_precision == "none"
    unison.backends.cuda.matmul.allow_tf32 = True
    assert precision.allowed() == precision.Precision("high", "high")
    unison.backends.fp32_precision = "ieee"
    assert precision.allowed() == precision.EXACT
    unison.backends.fp32_precision = "tf32"
    assert unison.backends.cuda.matmul.allow_tf32
    assert unison.backends.cudnn.allow_tf32


def test_flags_hold_within_their_block_and_do_not_allow_tf32_by_themselves() -> None:
    cudnn = unison.backends.cudnn
    seen = []

    def fail() -> None:
        seen.append((cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), cudnn.flags(benchmark=True, deterministic=True):
        fail()
    assert seen == [(False, True, True, False)]
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic) == (True, False, False)
    with cudnn.flags(allow_tf32=True):
        assert cudnn.allow_tf32
    assert not cudnn.allow_tf32


@pytest.mark.parametrize("kind", ["flash", "mem_efficient", "math", "cudnn"])
def test_switches_of_attention_are_remembered_each_by_itself(kind: str) -> None:
    cuda = unison.backends.cuda
    enable, enabled = getattr(cuda, f"enable_{kind}_sdp"), getattr(cuda, f"{kind}_sdp_enabled")
    others = [
        getattr(cuda, f"{k}_sdp_enabled") for k in ("flash", "mem_efficient", "math", "cudnn") if k != kind
    ]
    enable(False)
    try:
        assert not enabled()
        assert all(other() for other in others)
        with pytest.raises(RuntimeError, match=f"enable_{kind}_sdp expects a bool, but got int"):
            enable(1)
    finally:
        enable(True)
    assert enabled()


def test_what_is_built_is_what_is_installed() -> None:
    installed = {r.name for r in plugins.backends()}
    assert unison.backends.cuda.is_built() is ("cuda" in installed)
    assert unison.backends.mps.is_built() is ("mps" in installed)
    assert not unison.backends.mps.is_available()
