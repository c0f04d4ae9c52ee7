"""The CUDA backend says by CuPy's compute types whether TF32 may be used; logic on the stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import unison
from tests.backends.cuda import standin, standin_cublas, standin_cudnn
from tests.backends.cuda.real import of_the_real_cupy
from tests.core.ckit import plainc
from unison_core import precision

pytestmark = pytest.mark.skipif(plainc.COMPILER is None, reason="no C compiler on this machine")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("CUPY_TF32", "1")
    with precision.allowing(precision.EXACT), standin.installed() as name:
        yield name


def _compute_type(dtype: Any) -> Any:
    return sys.modules["cupy"]._core.get_compute_type(dtype)


def _types() -> Any:
    return sys.modules["cupy"]._core._routines_linalg


def _product(cuda: str) -> float:
    """1 + 2^-20, which TF32 cannot hold, times 1."""
    x = unison.full((2, 1), 1 + 2**-20, device=cuda)
    return float((x @ unison.ones(1, 2, device=cuda))[0, 0].item())


def test_no_variable_of_the_environment_lets_tf32_in(cuda: str) -> None:
    assert _compute_type(np.float32) == _types().COMPUTE_TYPE_TF32
    assert _product(cuda) == 1 + 2**-20
    assert _compute_type(np.float32) == _types().COMPUTE_TYPE_DEFAULT


@pytest.mark.parametrize("word", ["high", "medium"])
def test_tf32_is_used_while_it_is_allowed_and_no_longer(cuda: str, word: str) -> None:
    assert _product(cuda) == 1 + 2**-20
    unison.set_float32_matmul_precision(word)
    assert _product(cuda) == 1
    unison.backends.cuda.matmul.allow_tf32 = False
    assert _product(cuda) == 1 + 2**-20


def test_what_was_allowed_before_the_backend_was_loaded_counts(cuda: str) -> None:
    unison.backends.cuda.matmul.allow_tf32 = True
    assert _product(cuda) == 1


def test_convolutions_have_a_switch_of_their_own(cuda: str) -> None:
    unison.backends.cudnn.allow_tf32 = True
    assert _product(cuda) == 1 + 2**-20


def test_half_types_are_summed_in_float32_whatever_is_allowed(cuda: str) -> None:
    unison.set_float32_matmul_precision("medium")
    for dtype in (unison.float16, unison.bfloat16):
        x = unison.full((1, 2048), 1.0, dtype=dtype, device=cuda)
        assert (x @ (x.t() / 2048)).item() == 1
        assert standin_cublas.calls[-1]["compute"] == standin_cublas.CUBLAS_COMPUTE_32F
        # Parts of a sum that is shared out are not rounded either.
        assert standin_cublas.calls[-1]["mode"] == 16


def test_cudnn_is_available_where_its_overlay_serves() -> None:
    with standin.installed(standin_cudnn.module()):
        assert unison.backends.cudnn.is_available()
        assert unison.backends.cudnn.version() == standin_cudnn.state.version
    with standin.installed():
        assert not unison.backends.cudnn.is_available()
        assert unison.backends.cudnn.version() is None


def test_a_gpu_without_tf32_is_not_asked_for_it(cuda: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy would warn, which is an error here."""
    monkeypatch.setattr(standin._Device, "compute_capability", "75")
    unison.set_float32_matmul_precision("high")
    assert _product(cuda) == 1 + 2**-20


def test_a_gpu_without_bfloat16_leaves_its_products_to_the_kit(
    cuda: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standin._Device, "compute_capability", "75")
    standin_cublas.calls.clear()
    x = unison.arange(6.0, device=cuda).reshape(2, 3)
    assert (x.bfloat16() @ x.t().bfloat16()).tolist() == [[5, 14], [14, 50]]
    assert not standin_cublas.calls
    assert (x @ x.t()).tolist() == [[5, 14], [14, 50]]
    assert len(standin_cublas.calls) == 1


def test_the_real_cupy_is_told_in_words_whatever_the_environment_says() -> None:
    code = (
        "import json, cupy, ml_dtypes, numpy as np\n"
        "from unison_core.precision import EXACT\n"
        "from unison_cuda import precision\n"
        "precision.allow(EXACT)\n"
        "kinds = [np.float32, np.complex64, np.float16, np.dtype(ml_dtypes.bfloat16)]\n"
        "types = cupy._core._routines_linalg\n"
        "print(json.dumps([types.compute_type_to_str(types.get_compute_type(k)) for k in kinds]))"
    )
    assert of_the_real_cupy(code) == ["COMPUTE_TYPE_DEFAULT"] * 4
