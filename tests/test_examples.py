from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_no_docstring_example_is_left_out() -> None:
    docstrings = runpy.run_path(str(ROOT / "conftest.py"))["docstrings"]
    modules = [path for folder in ("histo", "napari_plugin") for path in (ROOT / folder).rglob("*.py")]
    with_examples = [path for path in modules if ">>> " in path.read_text(encoding="utf-8")]
    assert len(with_examples) > 50
    assert [path for path in with_examples if not docstrings.should_parse(path)] == []
