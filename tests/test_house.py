"""The promises that the project as a whole makes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = ("demo", "info", "score", "study", "report", "models", "train", "evaluate", "doctor")


def _python(*arguments: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return run.stdout


def test_importing_histo_brings_neither_torch_nor_qt_nor_anything_slow() -> None:
    loaded = _python("-c", "import histo, sys; print(*sys.modules)").split()
    heavy = {"torch", "torchvision", "napari", "qtpy", "PyQt6", "PySide6", "pandas", "scipy", "skimage", "zarr", "cv2"}
    assert not heavy & {name.partition(".")[0] for name in loaded}


def test_importing_histo_takes_less_than_half_a_second() -> None:
    def seconds() -> float:
        code = "import time; start = time.perf_counter(); import histo; print(time.perf_counter() - start)"
        return float(_python("-c", code))

    # The best of five: what else the machine does is not the import's fault.
    assert min(seconds() for _ in range(5)) < 0.5


def test_every_public_name_of_histo_loads() -> None:
    import histo

    assert sorted(histo.__all__) == histo.__all__
    assert all(getattr(histo, name) is not None for name in histo.__all__)
    with pytest.raises(AttributeError, match="no attribute 'measure_colons'"):
        _ = histo.measure_colons


def test_every_dependency_is_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=~!; ]", requirement)[0] for requirement in required} - {"histo-gut"}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    justified = re.findall(r"^\| (?:`\w+` \| )?`([\w-]+)` \| [^`\s].{9,} \|$", page, re.MULTILINE)
    assert sorted(justified) == sorted(names)


@pytest.mark.parametrize("folder", ["models", "annotations"])
def test_data_folders_hold_no_code(folder: str) -> None:
    assert not [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.pkl"), *(ROOT / folder).rglob("*.pt")]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_one_screen(command: str) -> None:
    arguments = [command, "--help"] if command else ["--help"]
    lines = _python("-m", "histo", *arguments, COLUMNS="100", TERM="dumb", NO_COLOR="1").rstrip().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_help_comes_at_once() -> None:
    start = time.perf_counter()
    loaded = _python("-X", "importtime", "-c", "from histo.cli import main; main(['score', '--help'])")
    assert "Usage" in loaded
    assert time.perf_counter() - start < 10
    modules = _python(
        "-c", "import sys; from histo.cli import main; main(['score', '--help']); print('torch' in sys.modules)"
    )
    assert modules.rstrip().endswith("False")


def test_every_command_is_listed_here() -> None:
    from histo.cli import app

    assert tuple(app.COMMANDS) == COMMANDS


def test_files_stay_short_enough_to_read() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {n} lines"
        for folder in ("histo", "napari_plugin")
        for path in (ROOT / folder).rglob("*.py")
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400
    ]
    assert not long
