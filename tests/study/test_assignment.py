from __future__ import annotations

from pathlib import Path

import pandas as pd

from histo.io.design import read_design
from histo.study.assignment import assign_animals


def assigned(tmp_path: Path, found: list[str], *rows: str) -> pd.DataFrame:
    path = tmp_path / "animals.csv"
    path.write_text("\n".join(["slide,section,animal,group,segment", *rows]) + "\n", encoding="utf-8")
    return assign_animals(pd.DataFrame({"slide": "m7", "section": found}), read_design(path))


def test_sections_are_matched_by_their_number(tmp_path: Path) -> None:
    table = assigned(tmp_path, ["s1", "s2"], "m7,s2,a2,EAE,ileum", "m7,s1,a1,control,jejunum")

    assert table["animal"].tolist() == ["a1", "a2"]
    assert "section_name" not in table


def test_names_of_its_own_are_matched_in_reading_order(tmp_path: Path) -> None:
    found = [f"s{number}" for number in range(1, 11)]
    rows = [f"m7,piece {letter},a{letter},EAE,ileum" for letter in "QWERTZUIOP"]

    table = assigned(tmp_path, sorted(found), *rows)

    by_section = table.set_index("section")
    assert by_section.loc[found, "animal"].tolist() == [f"a{letter}" for letter in "QWERTZUIOP"]
    assert by_section.loc["s10", "section_name"] == "piece P"


def test_names_that_do_not_fit_the_number_of_pieces_are_not_guessed(tmp_path: Path) -> None:
    table = assigned(tmp_path, ["s1", "s2", "s3"], "m7,upper,a1,control,jejunum", "m7,lower,a2,EAE,ileum")

    assert table["animal"].tolist() == ["", "", ""]


def test_a_row_without_a_section_is_for_all_of_the_slide(tmp_path: Path) -> None:
    assert assigned(tmp_path, ["s1", "s2"], "m7,,a1,control,jejunum")["animal"].tolist() == ["a1", "a1"]
