"""`conformance new-backend`: what it writes is found, loads, computes and conforms, untouched."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

from unison_conformance.cli import main


@pytest.fixture
def generated(tmp_path):
    """The package of a device `mydevice`, found by its metadata as pip would leave them."""
    assert main(["new-backend", "mydevice", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "unison-mydevice"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / "unison_mydevice-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    entries = [
        f"[{group}]\n" + "\n".join(f"{k} = {v}" for k, v in found.items())
        for group, found in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(entries) + "\n")
    return folder


def python(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_generated_backend_computes_and_trains(generated):
    program = """
import unison
x = unison.tensor([[1.0, 2.0], [3.0, 4.0]], device="mydevice", requires_grad=True)
y = (x @ x).sum()
y.backward()
print(y.device, y.item(), x.grad.tolist())
"""
    done = python(generated, "-c", program)
    assert done.returncode == 0, done.stderr
    # The sum of x @ x is 7 + 10 + 15 + 22; its gradient is the sums of x's rows and columns.
    assert done.stdout.strip() == "mydevice 54.0 [[7.0, 11.0], [9.0, 13.0]]"


def test_generated_backend_conforms_in_what_it_lists_and_refuses_the_rest(generated):
    ops = "add,exp,cast,full,permute,sum,matmul,check.promises.*listed*,check.storage.*,check.determinism.*"
    done = python(
        generated, "-m", "unison_conformance", "run", "--device", "mydevice", "--ops", ops, "--jobs", "1"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " PASS" in done.stdout


def test_generated_backend_shows_in_doctor(generated):
    done = python(generated, "-m", "unison_conformance", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mydevice      loaded, from unison-mydevice" in done.stdout


def test_generated_package_passes_the_suite_in_pytest(generated):
    plugin = ["-p", "unison_conformance.pytest_plugin", "-p", "no:cacheprovider"]
    only = "mydevice-exp-float32 or something_was_asserted"
    done = python(
        generated, "-m", "pytest", "-q", *plugin, "--pyargs", "unison_conformance", "--device", "mydevice",
        "-k", only,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "warning" not in done.stdout


def test_generated_waivers_are_read_and_empty(generated):
    from unison_conformance.waivers import read

    assert read(generated / "unison_mydevice" / "conformance.toml") == ()


def test_generated_files_have_no_gaps_left_to_fill(generated):
    texts = [p.read_text() for p in generated.rglob("*.*") if p.suffix in {".py", ".toml", ".md"}]
    assert len(texts) == 5
    assert not any("{{" in t for t in texts)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My-Device", "my_device would do"),
        ("9", "a letter first"),
        ("cpu", "installed already"),
    ],
)
def test_names_that_cannot_be_are_refused_in_one_line(capsys, tmp_path, name, says):
    assert main(["new-backend", name, "--into", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert len(err.strip().splitlines()) == 1
    assert says in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(capsys, tmp_path):
    (tmp_path / "unison-mydevice").mkdir()
    assert main(["new-backend", "mydevice", "--into", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert list((tmp_path / "unison-mydevice").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_said(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["new-backend", "mydevice", "--into", str(tmp_path / "file")]) == 2
    err = capsys.readouterr().err
    assert len(err.strip().splitlines()) == 1
    assert "file" in err
