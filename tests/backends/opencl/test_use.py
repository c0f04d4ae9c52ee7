"""Programs on an OpenCL device: threads, saving, moving, the trace."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unison
from unison import nn


def test_threads_compute_side_by_side(opencl: Any) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        x = unison.full((1000,), float(number), device=opencl)
        for _ in range(50):
            x = x * 2 - x
        if x.tolist() != [number] * 1000:
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_what_is_saved_there_loads_anywhere(suffix: str, tmp_path: Path, opencl: Any) -> None:
    unison.manual_seed(0)
    layer = nn.Linear(3, 2).to(opencl)
    wanted = layer.weight.detach().cpu().numpy().copy()
    path = tmp_path / f"state.{suffix}"
    unison.save(layer.state_dict(), path)
    for where in ("cpu", opencl):
        state = unison.load(path, map_location=where)
        again = nn.Linear(3, 2).to(where)
        again.load_state_dict(state)
        assert again.weight.device == unison.device(str(where))
        np.testing.assert_array_equal(again.weight.detach().cpu().numpy(), wanted)


def test_pickles_come_back(opencl: Any) -> None:
    x = unison.arange(6, device=opencl).reshape(2, 3).t()
    y = pickle.loads(pickle.dumps(x))
    assert y.device == x.device
    assert y.tolist() == x.tolist()


def test_the_trace_names_operator_and_launch(opencl: Any) -> None:
    code = "import unison; x = unison.ones(4, device='opencl:0'); (x + x).tolist()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**__import__("os").environ, "UNISON_CKIT_TRACE": "1"},
    )
    assert any(line.startswith("[ckit] add: map 1 x ") for line in done.stderr.splitlines())


def test_the_same_seed_gives_the_same_bits_as_the_host(opencl: Any) -> None:
    drawn = []
    for where in ("cpu", opencl):
        unison.manual_seed(11)
        drawn.append([f(2, 300, device=where).cpu().numpy() for f in (unison.rand, unison.randn)])
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])
    np.testing.assert_allclose(drawn[0][1], drawn[1][1], rtol=2**-20)
