"""Run the examples of the README, the documentation pages and the docstrings as tests."""

from __future__ import annotations

import os
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

ROOT = Path(__file__).parent


def _enter_empty_folder(namespace: dict[str, Any]) -> None:
    """Let examples write where they like."""
    namespace["_before"] = Path.cwd()
    namespace["_folder"] = TemporaryDirectory()
    os.chdir(namespace["_folder"].name)


def _leave_folder(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()


pages = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    path=str(ROOT),
    patterns=["README.md", "docs/*.md"],
    setup=_enter_empty_folder,
    teardown=_leave_folder,
)
docstrings = Sybil(
    parsers=[DocTestParser(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)],
    path=str(ROOT),
    # Before Python 3.13 a ** here stands for one folder.
    patterns=["histo/*.py", "histo/*/*.py", "histo/*/*/*.py", "napari_histo/*.py"],
    document_types={".py": PythonDocStringDocument},
    setup=_enter_empty_folder,
    teardown=_leave_folder,
)

pytest_collect_file = (pages + docstrings).pytest()
