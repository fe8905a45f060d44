"""Thresholds of a staining run, chosen on the files of its slides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.batch.cell_file import CELL_FILE_NAME, append_cells
from histo.batch.staining import StainedSlide
from histo.batch.thresholds import choose_thresholds
from histo.io.design import read_panel
from histo.schema import table_schema


def _slide(results: Path, name: str, noise: float, *, share: float = 0.2, is_control: bool = False) -> StainedSlide:
    """Write 1,000 cells around 0 with this noise, of which a share is stained by 1."""
    rng = np.random.default_rng(len(name) + int(100 * share))
    density = rng.normal(0.05, noise, 1000) + np.where(rng.random(1000) < share, 1.0, 0.0)
    nothing = {column.name: "" if column.kind == "string" else 0.0 for column in table_schema("cells").columns}
    cells = pd.DataFrame([nothing] * 1000).assign(slide=name, section="s1", cd3_intensity=density)
    folder = results / "slides" / name
    folder.mkdir(parents=True)
    with append_cells(folder / CELL_FILE_NAME) as append:
        append(cells)
    return StainedSlide(name, "dab", "b1", read_panel("CD3", "dab"), is_control)


@pytest.mark.parametrize(("noise_of_control", "is_far"), [(0.01, True), (0.15, False)])
def test_a_control_far_below_what_parts_the_cells_is_pointed_out(
    noise_of_control: float, is_far: bool, tmp_path: Path
) -> None:
    slides = [
        _slide(tmp_path, "a", 0.1),
        _slide(tmp_path, "b", 0.1, share=0.3),
        _slide(tmp_path, "n", noise_of_control, share=0.0, is_control=True),
    ]
    chosen = choose_thresholds(tmp_path, slides, {})
    (row,) = chosen.table.to_dict("records")
    assert (row["method"], row["n_slides"], row["n_cells"], row["batch"]) == ("controls", 1, 1000, "b1")
    assert row["weak"] == pytest.approx(0.05 + 2.33 * noise_of_control, abs=0.3 * noise_of_control)
    assert "Otsu's threshold of the other slides" in row["detail"]
    assert bool(chosen.notes) is is_far
    if is_far:
        assert "cd3 (dab b1)" in chosen.notes[0]
        assert "look at the cells" in chosen.notes[0]


def test_a_batch_is_not_judged_by_the_controls_of_another(tmp_path: Path) -> None:
    a, b = _slide(tmp_path, "a", 0.1), _slide(tmp_path, "b", 0.1, share=0.3)
    control = _slide(tmp_path, "n", 0.05, share=0.0, is_control=True)
    other = StainedSlide(control.name, control.stain, "b2", control.panel, is_negative_control=True)
    table = choose_thresholds(tmp_path, [a, b, other], {}).table.set_index("batch")
    assert table["method"].to_dict() == {"b1": "study", "b2": "controls"}
    assert table.loc["b1", "n_slides"] == 2
    assert 0.3 < table.loc["b1", "weak"] < 0.8


def test_one_slide_is_no_study(tmp_path: Path) -> None:
    chosen = choose_thresholds(tmp_path, [_slide(tmp_path, "a", 0.1)], {})
    assert chosen.table["weak"].isna().all()
    assert len(chosen.by_run["dab", "b1"]) == 0
    assert "no cell is judged by cd3 (dab b1)" in chosen.notes[0]
    assert "needs at least 2" in chosen.notes[0]
