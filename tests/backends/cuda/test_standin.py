"""The CUDA backend's Python on a stand-in for CuPy: logic, not GPU results.

On a machine with a GPU, `--device cuda:0` runs the same tests there; `make gpu-check` does.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import unison
from tests.backends.cuda import standin
from tests.core.ckit import plainc
from unison_conformance.cases.listing import cases_of
from unison_conformance.running.perform import perform
from unison_core import operator
from unison_core.dtypes import bfloat16, float32, int64

needs_compiler = pytest.mark.skipif(plainc.COMPILER is None, reason="no C compiler on this machine")

NAMES = sorted(name for name in operator.registry if name != "to_device")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_one_case_of_each_dtype_agrees_with_the_oracle(name: str, cuda: str) -> None:
    cases = {}
    for dtype in (float32, int64, bfloat16):
        for case in cases_of(name, [dtype]):
            if case.values != "error":
                cases[case.dtype, case.layout != "contiguous" and dtype is float32] = case
    for case in cases.values():
        result = perform(case, cuda)
        assert result.verdict.name in {"PASS", "NOT_SUPPORTED"}, f"{case}: {result.detail}"


def test_a_model_trains(cuda: str) -> None:
    unison.manual_seed(0)
    model = unison.nn.Sequential(unison.nn.Linear(4, 8), unison.nn.ReLU(), unison.nn.Linear(8, 1)).to(cuda)
    optimizer = unison.optim.Adam(model.parameters(), lr=0.05)
    x = unison.randn(32, 4, device=cuda)
    y = x.sum(1, keepdim=True)
    losses = []
    for _ in range(30):
        loss = unison.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_views_share_memory_between_both_kits(cuda: str) -> None:
    x = unison.zeros(4, 6, device=cuda)
    x.t()[2:4].add_(1)
    x[1:, ::2] = x[1:, ::2] * 3
    assert x.sum().item() == 8 + 3 * 2


def test_overlapping_writes_go_through_a_copy(cuda: str) -> None:
    x = unison.arange(6.0, device=cuda)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3, 4]


def test_out_of_memory_is_the_frameworks_error(cuda: str) -> None:
    with pytest.raises(unison.OutOfMemoryError, match="CUDA out of memory: Out of memory allocating"):
        unison.empty(2**40, device=cuda)
    assert unison.ones(3, device=cuda).sum().item() == 3


def test_a_wrong_index_is_refused(cuda: str) -> None:
    with pytest.raises(RuntimeError, match=r"no device 'cuda:99': backend 'cuda' has \d+ device"):
        unison.ones(2, device="cuda:99")


def test_arrays_of_the_device_do_not_become_numpys_by_themselves(cuda: str) -> None:
    x = unison.ones(3, device=cuda)
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        x.numpy()
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(x.array)


@needs_compiler
def test_what_the_backend_asks_of_cupy_is_there() -> None:
    """By the real package, which can be imported without a driver."""
    code = (
        "import sys, cupy, functools\n"
        "for name in sys.argv[1:]: functools.reduce(getattr, name.split('.'), cupy)"
    )
    with standin.installed() as name:
        (unison.ones(3, device=name) + 1).sum().item()
    done = subprocess.run(
        [sys.executable, "-c", code, *sorted(standin.used)], capture_output=True, text=True, check=False
    )
    if "No module named 'cupy'" in done.stderr:
        pytest.skip("needs the extra 'cuda' (CuPy itself)")
    assert not done.returncode, done.stderr
    assert not standin.ABSENT & standin.used
    assert {"ndarray", "RawModule", "add", "matmul", "cuda.alloc"} <= standin.used


def test_methods_of_the_stand_in_are_cupys() -> None:
    code = "import sys, cupy\nprint([n for n in sys.argv[1:] if not hasattr(cupy.ndarray, n)])"
    done = subprocess.run(
        [sys.executable, "-c", code, *standin.METHODS], capture_output=True, text=True, check=False
    )
    if "No module named 'cupy'" in done.stderr:
        pytest.skip("needs the extra 'cuda' (CuPy itself)")
    assert done.stdout.strip() == "[]"


def test_without_a_gpu_the_reason_and_the_fix_are_told() -> None:
    """CuPy missing, or a driver: `import unison` goes on, the device says why it cannot be had."""
    hidden = "import sys; sys.modules['cupy'] = None\n"
    for before in (hidden, ""):
        code = f"{before}import unison; unison.ones(2) + 1\nunison.ones(2, device='cuda')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        if not before and not done.returncode:
            # This machine has a GPU.
            continue
        assert done.returncode
        last = done.stderr.strip().splitlines()[-1]
        assert "backend 'cuda'" in last
        assert "pip install 'unison[cuda]'" in last
