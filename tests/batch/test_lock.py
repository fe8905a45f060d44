from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from histo.batch.lock import locked
from histo.errors import ResultsInUse

HOLD = """
import sys
from pathlib import Path
from histo.batch.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with _holder(tmp_path) as holder:
        with pytest.raises(ResultsInUse, match=f"process {holder.pid}"), locked(tmp_path):
            pass
        holder.communicate("\n")


def test_a_killed_process_lets_go_of_the_folder(tmp_path: Path) -> None:
    with _holder(tmp_path) as holder:
        holder.kill()
        holder.wait()
    with locked(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "new" / "results"):
            pass


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(ResultsInUse, match="cannot be written into"), locked(tmp_path / "results"):
        pass
