"""A table that is sound says the same in every kind of file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from histo.errors import InvalidDesign
from histo.io.design import Design, read_design


def _to_excel(table: pd.DataFrame, path: Path) -> None:
    table.to_excel(path, index=False)


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "d.csv": lambda table, path: table.to_csv(path, index=False),
    "d.tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "d.xlsx": _to_excel,
    "d.parquet": lambda table, path: table.to_parquet(path, index=False),
}

letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs"))
names = st.text(letters, min_size=1, max_size=6) | st.sampled_from(["m1", "M 1", "007", "1e3", "EAE", "2026-03-07"])
amounts = st.floats(1e-3, 1e6).map(repr) | st.integers(0, 99).map(str)


def _maybe(cells: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | cells


CELLS = {
    "section": _maybe(names),
    "timepoint": _maybe(st.sampled_from(["7", "d14", "day 0", "7.25", "21 dpi"])),
    "segment": _maybe(st.sampled_from(["jejunum", "Ileum"])),
    "stain": _maybe(st.sampled_from(["H&E", "he"])),
    "mpp": _maybe(st.floats(0.01, 100).map(repr)),
    "negative_control": _maybe(st.sampled_from(["yes", "0"])),
    "batch": _maybe(names),
    "sex": _maybe(st.sampled_from(["f", "Male"])),
    "cage": _maybe(names),
    "weight_g": _maybe(amounts),
    "na_f": _maybe(amounts),
    "clinical_score_day_7": _maybe(st.sampled_from(["0", "0.5", "3"])),
    "clinical_score_day_10": _maybe(st.sampled_from(["0", "1.25"])),
    "weight_g_day_3": _maybe(amounts),
    "diet": _maybe(names),
    "iga": _maybe(amounts),
}


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Draw a table that is often sound: an animal a row, of one of two groups."""
    columns = draw(st.lists(st.sampled_from(sorted(CELLS)), unique=True))
    rows = [
        [draw(names), f"m{number}", draw(st.sampled_from(["control", "EAE"])), *(draw(CELLS[name]) for name in columns)]
        for number in range(draw(st.integers(1, 4)))
    ]
    return [["slide", "animal", "group", *columns], *rows]


def _written(rows: list[list[str]], path: Path) -> Design | None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    try:
        return read_design(path)
    except InvalidDesign:
        return None


# Four files are written each time, which is too slow for a search of the smallest table that fails.
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(tables())
def test_any_sound_table_comes_back_from_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    design = _written(rows, folder / "first.csv")
    if design is None:
        return
    for name, write in WRITERS.items():
        write(design.table, folder / name)
        again = read_design(folder / name)
        # openpyxl writes 16 digits of a number; 17 are needed to tell all of them apart.
        rtol = 1e-15 if name == "d.xlsx" else 0.0
        for read, first in ((again.table, design.table), (again.animals(), design.animals())):
            pd.testing.assert_frame_equal(
                read.reset_index(drop=True), first.reset_index(drop=True), check_exact=False, rtol=rtol, atol=0.0
            )


def test_most_drawn_tables_are_sound(tmp_path: Path) -> None:
    """Else the property above would say little."""
    examples: list[bool] = []

    @settings(max_examples=40, deadline=None, database=None)
    @given(tables())
    def draw(rows: list[list[str]]) -> None:
        examples.append(_written(rows, tmp_path / "d.csv") is not None)

    draw()
    assert sum(examples) > len(examples) / 3


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_column_comes_back(tmp_path: Path, name: str) -> None:
    full = pd.DataFrame(
        {
            "slide": ["a.svs", "b.svs"],
            "section": ["s1", "left"],
            "animal": ["1", "Möwe"],
            "group": ["control", "EAE"],
            "timepoint": ["7", "14"],
            "segment": ["jejunum", "ileum"],
            "stain": ["dab", "fluorescence"],
            "marker": ["CD3", "CD4; Foxp3=Cy5"],
            "mpp": [0.25, None],
            "control": [True, False],
            "negative_control": [False, True],
            "batch": ["1", "2"],
            "sex": ["female", "male"],
            "cage": ["01", "02"],
            "species": ["mouse", "mouse"],
            "clinical_score_day_7": [0.0, 1.0],
            "clinical_score_day_14": [None, 3.5],
            "weight_g": [20.5, 18.0],
            "na_f": [1.25, None],
            "fitc_bsa": [0.125, 2.0],
            "fitc_dextran": [None, 3.0],
        }
    )
    WRITERS[name](full, tmp_path / name)
    design = read_design(tmp_path / name)
    assert design.table["mpp"].tolist()[0] == 0.25
    assert design.table["control"].tolist() == [True, False]
    assert design.table["cage"].tolist() == ["01", "02"]
    animals = design.animals()
    assert animals["clinical_score"].tolist() == [0, 3.5]
    assert animals["clinical_cumulative"].tolist() == [0, pytest.approx(sum(1 + 2.5 * day / 7 for day in range(8)))]
    assert animals["fitc_bsa"].tolist() == [0.125, 2.0]
