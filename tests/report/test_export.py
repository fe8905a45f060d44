from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.report import Study
from histo.report.export import write_figures
from histo.report.figure import DrawnFigure
from histo.report.repeats import UNITS_DRAWN_PER_ANIMAL, RepeatTables, units_of

Draw = Callable[..., pd.DataFrame]


def figure(name: str, value: float = 1.0) -> DrawnFigure:
    return DrawnFigure(name, f"Of {name}", f"Shows {value}", "<svg/>", pd.DataFrame({"value": [value]}), (2.0, 1.0))


def test_each_figure_lies_as_svg_with_its_numbers_as_csv(tmp_path: Path) -> None:
    index = write_figures(tmp_path / "report_figures", [figure("one", 1 / 3), figure("two")])

    assert sorted(path.name for path in index.parent.iterdir()) == [
        *("index.csv", "one.csv", "one.svg", "two.csv", "two.svg")
    ]
    assert (index.parent / "one.csv").read_text() == "value\n0.333333\n"
    assert pd.read_csv(index)["shows"].tolist() == [f"Shows {1 / 3}", "Shows 1.0"]


def test_figures_of_an_earlier_report_go_and_files_of_the_user_stay(tmp_path: Path) -> None:
    write_figures(tmp_path, [figure("one"), figure("two")])
    (tmp_path / "mine.svg").write_text("mine")

    write_figures(tmp_path, [figure("two")])

    assert not (tmp_path / "one.svg").exists()
    assert not (tmp_path / "one.csv").exists()
    assert (tmp_path / "mine.svg").read_text() == "mine"


@pytest.mark.parametrize("name", ["../precious.csv", "/etc/hostname", "", "index.csv", "notes.txt"])
def test_an_index_that_was_tampered_with_removes_nothing_else(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "report_figures"
    folder.mkdir()
    for path in (tmp_path / "precious.csv", folder / "notes.txt"):
        path.write_text("precious")
    (folder / "index.csv").write_text(f"figure,title,shows,svg,csv\nx,x,x,{name},{name}\n")

    write_figures(folder, [])

    assert (tmp_path / "precious.csv").is_file()
    assert (folder / "notes.txt").is_file()
    assert (folder / "index.csv").is_file()


def test_numbers_too_many_for_the_page_are_in_the_folder_only() -> None:
    small, large = figure("one"), DrawnFigure("two", "", "", "", pd.DataFrame({"value": np.arange(50_000.0)}), (1, 1))

    assert small.csv_link.startswith("data:text/csv;base64,")
    assert large.csv_link == ""
    assert len(large.csv) > 100_000


def many_villi(sections: pd.DataFrame, n_villi: int) -> RepeatTables:
    villi = sections[["slide", "section"]].loc[sections.index.repeat(n_villi)].reset_index(drop=True)
    villi["villus_height_um"] = np.arange(len(villi), dtype=float)
    villi["is_accepted"] = np.tile(np.arange(n_villi) % 2 == 0, len(sections))
    nothing = pd.DataFrame({"slide": [], "section": []})
    return RepeatTables(villi, nothing, nothing, nothing)


@pytest.mark.parametrize("n_villi", [2, 119, 120, 121, 1000])
def test_of_many_units_evenly_spaced_ones_are_drawn(draw_sections_table: Draw, n_villi: int) -> None:
    sections = draw_sections_table(segments=("ileum",), n_animals=1, sections_per_animal=(1, 1))

    drawn = units_of(Study(sections), many_villi(sections, n_villi), "villus_height_um")

    n_accepted = (n_villi + 1) // 2
    per_animal = drawn.groupby("animal")["value"].agg(["size", "median", "min", "max"])
    assert (per_animal["size"] == min(n_accepted, UNITS_DRAWN_PER_ANIMAL)).all()
    all_values = many_villi(sections, n_villi).villi.query("is_accepted").groupby("slide")["villus_height_um"]
    step = 2 * n_accepted / UNITS_DRAWN_PER_ANIMAL
    assert np.abs(np.sort(per_animal["median"]) - np.sort(all_values.median())).max() <= max(step, 1)


def test_units_of_sections_that_do_not_count_are_not_drawn(draw_sections_table: Draw) -> None:
    sections = draw_sections_table(segments=("ileum",), n_animals=2, sections_per_animal=(1, 1))
    sections.loc[sections.index[0], "n_villi_accepted"] = 1

    drawn = units_of(Study(sections), many_villi(sections, 10), "villus_height_um")

    assert sections["slide"].iloc[0] not in set(drawn["slide"])
    assert drawn["slide"].nunique() == len(sections) - 1


def test_an_endpoint_that_is_no_mean_of_units_has_none(draw_sections_table: Draw) -> None:
    sections = draw_sections_table(segments=("ileum",), n_animals=1, sections_per_animal=(1, 1))

    assert units_of(Study(sections), many_villi(sections, 5), "villi_per_mm").empty
    assert units_of(Study(sections), None, "villus_height_um").empty
