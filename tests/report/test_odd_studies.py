"""Studies that are odd, small, large or badly named still make a page that says what there is."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.report import Study, render_report
from histo.study import AnalysisPlan

Draw = Callable[..., pd.DataFrame]
PLAN = AnalysisPlan(endpoints=("crypt_depth_um", "villus_height_um"))
OTHERS = ["mucosa_um", "villus_width_um", "vh_cd_of_means", "villi_per_mm", "crypts_per_mm", "vh_cd", "submucosa_um"]


def small(draw: Draw, **given: object) -> pd.DataFrame:
    sections = draw(**{"segments": ("ileum",), "n_animals": 4, "sections_per_animal": (2, 2), **given})
    return sections.assign(**dict.fromkeys([*OTHERS, "muscularis_um"], np.nan))


def text_of(sections: pd.DataFrame, folder: Path) -> str:
    page = render_report(Study(sections, plan=PLAN), folder / "report.html").read_text(encoding="utf-8")
    described = " ".join(re.findall(r'alt="([^"]*)"', page))
    return html.unescape(
        re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL) + described)
    )


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }} {% raw %}",
        "EAE & 对照组 🐁",
        "$\\alpha_b^c$",
        "_underscored",
        "../../etc/passwd",
        "=cmd|' /C calc'!A0",
        "name with   spaces and a\ttab",
        "long " * 30,
    ],
)
def test_a_name_is_shown_as_it_is(draw_sections_table: Draw, tmp_path: Path, name: str) -> None:
    sections = small(draw_sections_table, arms=(("control", ""), ("EAE", ""))).replace({"group": {"EAE": name}})

    text = text_of(sections, tmp_path)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("<img") == page.count("<img src=") == page.count('<img src="data:')
    assert re.sub(r"\s+", " ", name.strip()) in text
    assert {path.parent for path in tmp_path.rglob("*.svg")} == {tmp_path / "report_figures"}


def test_a_segment_that_is_named_like_a_path_writes_into_the_folder(draw_sections_table: Draw, tmp_path: Path) -> None:
    text_of(small(draw_sections_table).assign(segment="../../ileum"), tmp_path)

    assert {path.parent for path in tmp_path.rglob("*.csv")} == {tmp_path / "report_figures"}


def test_forty_animals_a_group_are_all_drawn(draw_sections_table: Draw, tmp_path: Path) -> None:
    sections = small(draw_sections_table, n_animals=40, sections_per_animal=(1, 1))

    text = text_of(sections, tmp_path)

    assert "of 40 animals" in text
    assert "40 vs 40 animals" in text


def test_one_animal_is_described_and_nothing_is_tested(draw_sections_table: Draw, tmp_path: Path) -> None:
    sections = small(draw_sections_table, arms=(("control", ""),), n_animals=1)

    text = text_of(sections, tmp_path)

    assert "mean 9" in text or "mean 8" in text or "mean 1" in text
    assert "Nothing was compared" in text
    assert "How sure" not in text


def test_an_endpoint_without_any_value_is_named_and_not_drawn(draw_sections_table: Draw, tmp_path: Path) -> None:
    text = text_of(small(draw_sections_table).assign(villus_height_um=np.nan), tmp_path)

    assert re.search(r"Villus height\s*: not tested: no animal with a value", text)
    assert not (tmp_path / "report_figures" / "superplot_villus_height_um_ileum.svg").exists()
    assert (tmp_path / "report_figures" / "superplot_crypt_depth_um_ileum.svg").exists()


def test_animals_without_a_group_are_described(draw_sections_table: Draw, tmp_path: Path) -> None:
    text = text_of(small(draw_sections_table).assign(group="", timepoint=""), tmp_path)

    assert "no group" in text
    assert "all animals: mean" in text


def test_eight_arms_are_told_apart(draw_sections_table: Draw, tmp_path: Path) -> None:
    arms = (("control", ""), *((f"{letter} group", "") for letter in "ABDEFGH"))

    text = text_of(small(draw_sections_table, arms=arms, n_animals=2), tmp_path)

    assert all(f"{group}: mean" in text for group, _ in arms)


def test_a_study_that_was_sampled_over_time_has_courses(draw_sections_table: Draw, tmp_path: Path) -> None:
    arms = tuple((group, day) for group in ("control", "EAE") for day in ("0", "7", "14"))

    text = text_of(small(draw_sections_table, arms=arms, n_animals=3), tmp_path)

    assert re.search(r"Crypt depth over time, ileum\. control: mean [\d.]+ µm at 0, [\d.]+ µm at 7", text)


def test_what_was_asked_and_decided_stands_before_the_answer(draw_sections_table: Draw, tmp_path: Path) -> None:
    text = text_of(small(draw_sections_table), tmp_path)

    assert "Does Crypt depth or Villus height differ in EAE @ 7 and EAE @ 14 from control @ 14, in ileum?" in text
    assert "4 animals, 8 sections" in text
    assert text.index("What was asked") < text.index("of 4 comparisons") < text.index("SuperPlots")
    assert "adjusted p ≤ 0.05; intervals cover 95 %" in text


def test_what_was_rejected_is_told_by_reason_and_by_group(draw_sections_table: Draw, tmp_path: Path) -> None:
    sections = small(draw_sections_table).assign(
        villi_rejected="tangential=3 detached=1", crypts_rejected="tangential=2", n_villi=10, n_villi_accepted=6
    )

    text = text_of(sections, tmp_path)

    n = len(sections)
    assert re.search(rf"cut across, so that its axis is not seen\s+{3 * n}\s+{2 * n}", text)
    assert re.search(rf"detached from the wall\s+{n}\s+0", text)
    assert re.search(r"control @ 14\s+8\s+48 of 80 \(60 %\)", text)


def test_how_sure_is_told_in_plain_words(draw_sections_table: Draw, tmp_path: Path) -> None:
    text = text_of(small(draw_sections_table, n_animals=6), tmp_path)

    assert re.search(r"one more animal in each group makes the smallest difference .* \d+ % smaller", text)


def test_the_methods_can_be_pasted_with_versions_and_parameters(draw_sections_table: Draw, tmp_path: Path) -> None:
    text = text_of(small(draw_sections_table), tmp_path)

    paragraph = text[text.index("Sections of the small intestine were") : text.index("Limits")]
    for part in (
        "structure-v1 0123456789ab",
        "0.5 µm per pixel",
        "permutation",
        "scipy 1.",
        "at adjusted p ≤ 0.05",
        "at least 3",
    ):
        assert part in paragraph
