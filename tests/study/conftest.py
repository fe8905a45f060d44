from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REFERENCE = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def datasets() -> dict[str, Any]:
    """The data sets of ``reference/datasets.json``, on which histo and other programs are compared."""
    loaded: dict[str, Any] = json.loads((REFERENCE / "datasets.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, Any]]:
    """A function from a name to what the program of ``reference/<name>`` says, by data set."""

    def cases(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = loaded["cases"]
        return found

    return cases


@pytest.fixture(scope="session")
def cohort() -> ModuleType:
    """The module ``cohort_tables.py``: tables as a drawn cohort's slides would give them."""
    spec = importlib.util.spec_from_file_location("cohort_tables", Path(__file__).with_name("cohort_tables.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
