from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("HISTO_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images: {folder} is absent; set HISTO_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def draw_sections_table() -> Callable[..., pd.DataFrame]:
    """The drawing function of ``tests/sections_table.py``: a made-up study in the layout of the reference study."""
    spec = importlib.util.spec_from_file_location("sections_table", Path(__file__).with_name("sections_table.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    draw: Callable[..., pd.DataFrame] = module.draw_sections_table
    return draw
