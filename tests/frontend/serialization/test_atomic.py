from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import unison
from unison.serialization._archive import ArchiveWriter
from unison.serialization._atomic import replacing

KILLED = """
import os, signal, sys
import unison
from unison.serialization._archive import ArchiveWriter

write = ArchiveWriter.write

def write_and_die(self, name, data):
    write(self, name, data)
    if name == "data/0":
        self._stream.flush()
        os.kill(os.getpid(), signal.SIGKILL)

ArchiveWriter.write = write_and_die
unison.save({"x": unison.ones(100_000)}, sys.argv[1])
"""


def test_process_killed_while_saving_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.pt"
    unison.save({"x": unison.zeros(3)}, path)
    before = path.read_bytes()
    result = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=120)
    assert result.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    (left,) = (p for p in tmp_path.iterdir() if p != path)
    assert left.stat().st_size > 400_000, "the process should have died in the middle of writing"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_error_while_saving_leaves_the_old_file_alone(error, tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    unison.save([1], path)

    def fail(self: ArchiveWriter, name: str, data: object) -> None:
        raise error

    monkeypatch.setattr(ArchiveWriter, "write", fail)
    with pytest.raises(type(error)):
        unison.save([2], path)
    assert unison.load(path) == [1]
    assert list(tmp_path.iterdir()) == [path]


def test_error_before_the_first_save_leaves_nothing(tmp_path):
    def write_half():
        with replacing(tmp_path / "new") as path:
            path.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_file_is_synchronised_before_it_takes_the_name(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda self, to: (events.append("replace"), replace(self, to))[1])
    unison.save([1], tmp_path / "x.pt")
    assert events == ["fsync", "replace", "fsync"]


def test_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    unison.save([1], tmp_path / "x.pt")
    assert (tmp_path / "x.pt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "x.pt"
    unison.save([1], path)
    path.chmod(0o640)
    unison.save([2], path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_link_is_followed_and_stays(tmp_path):
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "x.pt", tmp_path / "x.pt"
    unison.save([1], target)
    link.symlink_to(target)
    unison.save([2], link)
    assert link.is_symlink()
    assert unison.load(target) == [2]


def test_device_file_is_written_not_replaced():
    unison.save([1], os.devnull)
    assert Path(os.devnull).is_char_device()
