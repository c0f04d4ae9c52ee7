"""`unison run`: an unmodified PyTorch program finds Unison under PyTorch's name."""

import subprocess
import sys
import textwrap

import pytest


@pytest.fixture
def run(tmp_path):
    def start(program, *arguments):
        script = tmp_path / "program.py"
        script.write_text(textwrap.dedent(program))
        command = [sys.executable, "-m", "unison", "run", str(script), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return start


def test_run_trains_an_unmodified_program(run):
    done = run("""
        import torch
        import torch.nn as nn
        import torch.nn.functional as F
        from torch.utils.data import DataLoader, TensorDataset

        torch.manual_seed(0)
        x = torch.randn(64, 3)
        data = TensorDataset(x, x.sum(dim=1, keepdim=True))
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(30):
            for a, b in DataLoader(data, batch_size=16, shuffle=True):
                optimizer.zero_grad()
                F.mse_loss(model(a), b).backward()
                optimizer.step()
        print(torch.allclose(model.weight, torch.ones(1, 3), atol=1e-2))
    """)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_run_gives_one_module_two_names(run):
    done = run("""
        import torch.nn.functional
        import unison
        print(torch is unison, torch.nn is unison.nn, torch.nn.__spec__.name)
    """)
    assert done.stdout == "True True unison.nn\n", done.stderr


def test_run_passes_arguments_and_the_exit_status(run):
    done = run("import sys; print(sys.argv[1:], __name__); sys.exit(7)", "--lr", "0.1")
    assert (done.returncode, done.stdout) == (7, "['--lr', '0.1'] __main__\n")


def test_run_reaches_processes_that_start_afresh(run):
    done = run("""
        import multiprocessing
        import torch

        def name(_):
            return torch.__name__

        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(name, [0]))
    """)
    assert done.stdout == "['unison']\n", done.stderr


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("import torch\ntorch.no_such_name", "torch.no_such_name"),
        ("from torch import no_such_name", "torch.no_such_name"),
        ("import torch.no_such_module", "torch.no_such_module"),
        ("import torch\ntorch.nn.functional.no_such_name", "torch.nn.functional.no_such_name"),
        ("import torch\ntorch.ones(2).no_such_name", "torch.Tensor.no_such_name"),
    ],
)
def test_run_explains_a_missing_name(run, program, name):
    done = run(program)
    assert done.returncode == 1
    assert f"The program asks for '{name}'; Unison" in done.stderr


def test_run_leaves_the_program_s_own_errors_alone(run):
    done = run("import no_such_library")
    assert done.returncode == 1
    assert "The program asks for" not in done.stderr


def test_run_lets_a_program_look_before_it_leaps(run):
    done = run("""
        import importlib.util
        import torch
        print(importlib.util.find_spec("torch.no_such_module"), hasattr(torch, "no_such_name"))
    """)
    assert done.stdout == "None False\n", done.stderr


def test_run_refuses_a_file_that_is_not_there():
    done = subprocess.run(
        [sys.executable, "-m", "unison", "run", "nowhere.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "unison run: there is no file 'nowhere.py'; name a Python program\n"


def test_run_does_not_hide_the_program_s_missing_files(run):
    done = run("open('nowhere.txt')")
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
