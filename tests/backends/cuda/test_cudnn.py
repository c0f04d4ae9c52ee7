"""The overlay by cuDNN on a stand-in for it: logic, not GPU results."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

import unison
from tests.backends.cuda import standin, standin_cudnn
from tests.core.ckit import plainc
from unison_conformance.cases.listing import cases_of
from unison_conformance.running.perform import perform
from unison_core import ops, plugins, precision
from unison_core.dtypes import bfloat16, float16, float32

pytestmark = pytest.mark.skipif(plainc.COMPILER is None, reason="no C compiler on this machine")

NAMES = ("conv", "conv_input_grad", "conv_weight_grad", "scaled_dot_product_attention")
PLAIN = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}


def image(*shape: int, dtype: unison.dtype = unison.float32, device: str = "cuda:0") -> unison.Tensor:
    x = (unison.arange(int(np.prod(shape))) * 37 % 11 - 5).reshape(shape).to(dtype)
    return x.to(device)


SHAPES = {
    "line": ((2, 4, 9), (6, 2, 3), {"stride": (2,), "padding": (1,), "dilation": (2,), "groups": 2}),
    "image": ((2, 3, 5, 6), (4, 3, 3, 2), {**PLAIN, "stride": (2, 1), "padding": (2, 0)}),
    "depthwise": ((1, 4, 7, 7), (4, 1, 3, 3), {**PLAIN, "dilation": (2, 1), "groups": 4}),
    "volume": (
        *((1, 2, 3, 4, 3), (2, 2, 2, 3, 2)),
        {"stride": (1, 2, 1), "padding": (1, 0, 1), "dilation": (1, 1, 1), "groups": 1},
    ),
}


def all_three(device: str, shapes: tuple, dtype: unison.dtype = unison.float32) -> list[unison.Tensor]:
    """The result and the gradients, of small integers: exact however they are summed."""
    x, weight = (image(*shape, dtype=dtype, device=device).requires_grad_() for shape in shapes[:2])
    bias = image(shapes[1][0], dtype=dtype, device=device)
    y = ops.conv(x, weight, bias, **shapes[2])
    y.backward(unison.ones_like(y) * 2)
    return [y.detach().cpu(), x.grad.cpu(), weight.grad.cpu()]


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (None, "ModuleNotFoundError: import of cudnn halted"),
        (0, "found no libcudnn that it can load: Unable to find symbol cudnnGetVersion"),
        (8900, "libcudnn is 8.9.0, and 9 is the oldest that serves"),
    ],
)
def test_without_the_library_the_reason_names_the_extra_and_the_backend_serves(
    version: int | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standin_cudnn, "state", standin_cudnn.State(version=version or 0))
    given = None if version is None else standin_cudnn.module()
    with standin.installed(given) as cuda:
        expected = all_three("cpu", SHAPES["image"])
        assert all(map(unison.equal, all_three(cuda, SHAPES["image"]), expected))
        (record,) = plugins.overlays()
        assert record.status == "quarantined"
        assert reason in record.reason
        assert "pip install 'unison[cudnn]'" in record.fix
        assert "overlay" not in str(unison.explain("conv", cuda))


@pytest.fixture(scope="module")
def installed() -> Iterator[str]:
    with standin.installed(standin_cudnn.module()) as name:
        yield name


@pytest.fixture
def cuda(installed: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The device, with a library that has not worked yet."""
    unison.ones(1, device=installed)
    from unison_cudnn import plans

    monkeypatch.setattr(standin_cudnn, "state", standin_cudnn.State())
    plans._thread.kept.clear()
    return installed


def test_it_lies_over_the_backend_and_says_so(cuda: str) -> None:
    text = str(unison.explain("conv", cuda))
    assert text.startswith("conv on cuda:0: kernel (overlay cudnn of unison, priority 0)")
    assert "where it declines: kernel (unison_cuda.kernels.C kit conv)" in text
    assert [(r.name, r.status) for r in plugins.overlays()] == [("cudnn", "loaded")]
    assert "overlay" not in str(unison.explain("matmul", cuda))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [float16, bfloat16, float32], ids=str)
def test_cases_of_the_suite_agree_with_the_oracle(name: str, dtype: unison.dtype, cuda: str) -> None:
    """Layouts, lines, images and volumes, groups, strides, bias, nothing, and what must be refused."""
    cases = list(cases_of(name, [dtype]))[:30]
    for case in cases:
        result = perform(case, cuda)
        assert result.verdict.name == "PASS", f"{case}: {result.detail}"
    # Widths in the suite's samples are no multiples of 8.
    assert len(standin_cudnn.state.ran) > len(cases) // 4 or "attention" in name


@pytest.mark.parametrize("dtype", [float16, bfloat16, float32], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_results_and_gradients_are_the_hosts(shape: str, dtype: unison.dtype, cuda: str) -> None:
    expected = all_three("cpu", SHAPES[shape], dtype)
    assert all(map(unison.equal, all_three(cuda, SHAPES[shape], dtype), expected))
    assert len(standin_cudnn.state.ran) == 3


def attended(
    device: str, is_causal: bool, *shapes: tuple, dtype: unison.dtype = float16
) -> list[unison.Tensor]:
    """The results and the gradients."""
    given = [(image(*shape) / 8).to(dtype).to(device).requires_grad_() for shape in shapes]
    out, p = ops.scaled_dot_product_attention(*given, None, None, is_causal=is_causal, scale=0.3)
    (out.sum() + (p * p).sum()).backward()
    return [x.detach().cpu().float() for x in (out, p, *(x.grad for x in given))]


@pytest.mark.parametrize("dtype", [float16, bfloat16], ids=str)
@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_is_that_of_float32(dtype: unison.dtype, is_causal: bool, cuda: str) -> None:
    shapes = ((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 16))
    expected = attended("cpu", is_causal, *shapes, dtype=float32)
    got = attended(cuda, is_causal, *shapes, dtype=dtype)
    for theirs, ours in zip(expected, got, strict=True):
        assert unison.allclose(theirs, ours, rtol=2e-2, atol=2e-2)
    assert len(standin_cudnn.state.ran) == 2
    assert not is_causal or (got[1].triu(1) == 0).all()


def test_attention_declines_what_cudnns_has_not(cuda: str) -> None:
    q, mask = image(2, 4, 8, dtype=float16), image(4, 4, dtype=float16)
    attend = partial(ops.scaled_dot_product_attention, is_causal=False, scale=1.0)
    attend(q, q, q, mask, None)
    attend(q, q, q, None, unison.ones_like(q[..., :4]))
    attend(q[..., :4], q[..., :4], q, None, None)
    attend(q.float(), q.float(), q.float(), None, None)
    attend(q[:1], q, q, None, None)
    attend(q[:, :0], q, q, None, None)
    assert standin_cudnn.state.ran == []
    attend(q, q, q, None, None)
    assert len(standin_cudnn.state.ran) == 2


def test_float64_is_declined_and_served_all_the_same(cuda: str) -> None:
    expected = all_three("cpu", SHAPES["image"], unison.float64)
    assert all(map(unison.equal, all_three(cuda, SHAPES["image"], unison.float64), expected))
    assert standin_cudnn.state.ran == []


def test_what_cudnn_has_no_engine_for_is_declined_and_asked_for_once(cuda: str) -> None:
    standin_cudnn.state.engines = [("atomic", {"NONDETERMINISTIC"})]
    expected = all_three("cpu", SHAPES["image"])
    assert all(map(unison.equal, all_three(cuda, SHAPES["image"]), expected))
    standin_cudnn.state.engines = [("plain", set())]
    all_three(cuda, SHAPES["image"])
    assert (standin_cudnn.state.planned, standin_cudnn.state.ran) == (0, [])


def test_float32_goes_to_tensor_cores_only_where_tf32_is_allowed(cuda: str) -> None:
    ran = standin_cudnn.state.ran
    all_three(cuda, SHAPES["image"])
    with precision.allowing(precision.Precision(matmul="high")):
        all_three(cuda, SHAPES["image"])
    assert ran == ["plain"] * 6
    with precision.allowing(precision.Precision(convolution="high")):
        all_three(cuda, SHAPES["image"])
    all_three(cuda, SHAPES["image"], unison.float16)
    assert ran[6:] == ["tensor core"] * 6
    all_three(cuda, SHAPES["image"])
    assert ran[12:] == ["plain"] * 3


def test_plans_are_kept_up_to_a_limit(cuda: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from unison_cudnn import plans

    monkeypatch.setattr(plans, "LIMIT", 2)
    planned = []
    for length in (5, 5, 6, 5, 7, 5, 6):
        unison.nn.functional.conv2d(image(1, 1, length, 5), image(1, 1, 3, 3))
        planned.append(standin_cudnn.state.planned)
    assert planned == [1, 1, 2, 2, 3, 3, 4]


def test_views_are_copied_first(cuda: str) -> None:
    x, weight = image(2, 5, 6, 4), image(3, 4, 3, 3)
    for view in (x.permute(0, 3, 1, 2), x.permute(0, 3, 1, 2)[:, :, 1:, ::2], image(2, 4, 5, 6)[1:]):
        got = unison.nn.functional.conv2d(view, weight, padding=1)
        assert unison.equal(got.cpu(), unison.nn.functional.conv2d(view.cpu(), weight.cpu(), padding=1))
    # One element on, a row starts at an address that is not a multiple of 16 bytes.
    flat = image(1 + 4 * 5 * 5)[1:].reshape(1, 4, 5, 5)
    assert flat.array.data.ptr % 16 == 4
    assert unison.nn.functional.conv2d(flat, weight).shape == (1, 3, 3, 3)
    assert len(standin_cudnn.state.ran) == 4


def test_work_goes_to_the_current_stream_and_each_thread_has_its_handle(cuda: str) -> None:
    stream = sys.modules["cupy"].cuda.Stream()
    stream.use()
    try:
        all_three(cuda, SHAPES["image"])
    finally:
        type(stream).null.use()
    all_three(cuda, SHAPES["image"])
    assert standin_cudnn.state.streams == [stream.ptr] * 3 + [0] * 3
    assert standin_cudnn.state.planned == 3
    thread = threading.Thread(target=all_three, args=(cuda, SHAPES["image"]))
    thread.start()
    thread.join()
    assert standin_cudnn.state.planned == 6


def test_failures_are_the_frameworks_errors(cuda: str) -> None:
    standin_cudnn.state.workspace = 2**40
    with pytest.raises(unison.OutOfMemoryError, match="CUDA out of memory: Out of memory allocating"):
        all_three(cuda, SHAPES["image"])
    standin_cudnn.state.workspace = 0
    standin_cudnn.state.failing = "CUDNN_STATUS_EXECUTION_FAILED"
    with pytest.raises(RuntimeError, match=r"cuDNN 9\.28\.0 failed on Convolution\(.*EXECUTION_FAILED"):
        all_three(cuda, SHAPES["line"])


def test_a_library_that_does_not_open_says_what_to_do(cuda: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("CUDNN_STATUS_NOT_INITIALIZED")

    monkeypatch.setattr(sys.modules["cudnn"], "create_handle", refuse)
    with pytest.raises(
        RuntimeError, match=r"cannot be opened on cuda:0: CUDNN_.*uninstall nvidia-cudnn-frontend"
    ):
        all_three(cuda, SHAPES["image"])


ASK = """
import cudnn, cupy, functools, sys
from unison_cudnn import attention, convolution as c, plans
for name in sys.argv[1:]:
    getattr(cudnn, name)
for name in ("array", "cuda.alloc", "cuda.get_current_stream", "cuda.memory.OutOfMemoryError", "empty", "tril"):
    functools.reduce(getattr, name.split("."), cupy)
FLOAT = cudnn.data_type.FLOAT
shapes = ((2, 3, 9), (4, 3, 3), (2, 4, 9))
problems = [
    c.Convolution(sought, "float16", *shapes, (1,), (1,), (1,), sought == c.Y, False)
    for sought in (c.X, c.WEIGHT, c.Y)
]
problems.append(attention.Flash("float16", 2, 3, 4, 8, 16, 0.5, True))
problems.append(attention.Weights("float16", 2, 3, 4, 8))
for problem in problems:
    graph = cudnn.pygraph(io_data_type=FLOAT, intermediate_data_type=FLOAT, compute_data_type=FLOAT, handle=None)
    problem.build(graph)
    print(*(node.node_type.name for node in graph.nodes), [t.dim for t in graph.get_outputs()])
    for step in STEPS:
        getattr(graph, step)
# The compiled builder, that the graph is lowered to, has these keywords.
for name in ("conv_fprop", "conv_dgrad", "conv_wgrad", "add", "mul", "sub", "exp", "matmul", "sdpa"):
    print(getattr(cudnn._compiled_module.backend_graph, name).__doc__)
"""


def test_what_the_overlay_asks_of_cudnn_is_there() -> None:
    """By the real frontend, which can be imported without the library and without a driver."""
    steps = [n for n, f in inspect.getmembers(standin_cudnn.pygraph, inspect.isfunction) if n[0] != "_"]
    code = ASK.replace("STEPS", repr(steps))
    names = [name for name in standin_cudnn.NAMES if name[0] != "_"]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=False)
    if "No module named 'cudnn'" in done.stderr or "No module named 'cupy'" in done.stderr:
        pytest.skip("needs the extra 'dev' (cudnn-frontend and CuPy themselves)")
    assert not done.returncode, done.stderr
    built = done.stdout.splitlines()[:5]
    assert built == [
        "CONV_DGRAD [[2, 3, 1, 9]]",
        "CONV_WGRAD [[4, 3, 1, 3]]",
        "CONV_FPROP POINTWISE [[2, 4, 1, 9]]",
        "SDPA [[2, 1, 3, 16], [2, 1, 3, 1]]",
        "MATMUL POINTWISE POINTWISE POINTWISE [[2, 3, 4]]",
    ]
    keywords = (
        "image weight loss filter pre_padding post_padding stride dilation a b A B input q k v attn_scale"
    )
    more = "generate_stats diagonal_alignment diagonal_band_right_bound"
    for keyword in f"{keywords} {more}".split():
        assert f" {keyword}: " in done.stdout
    for kind in ("data_type", "diagonal_alignment", "heur_mode", "build_plan_policy", "numerical_note"):
        ask = f"import cudnn; print(*cudnn.{kind}.__members__)"
        theirs = subprocess.run(
            [sys.executable, "-c", ask], capture_output=True, text=True, check=True
        ).stdout
        assert {m.name for m in getattr(standin_cudnn, kind)} <= set(theirs.split())
