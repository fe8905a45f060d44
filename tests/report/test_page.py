from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from histo.errors import CorruptResults, InvalidTable
from histo.io.results import write_table
from histo.report import Study, render_report

Draw = Callable[..., pd.DataFrame]

FAILURES = pd.DataFrame(
    [
        {
            "slide": "m09_ileum",
            "path": "slides/m09_ileum.svs",
            "reason": "missing_pixel_size",
            "message": "no µm/px was found",
            "next_step": "Say it by hand with --mpp.",
        }
    ]
)
RUN = {
    "version": "9.8.7",
    "finished": "2024-05-01T12:00:00+00:00",
    "model": {"name": "structure-v1", "trained_on": ["drawn sections"], "validated_on": []},
    "parameters": {"mpp": 0.5},
}


class _Page(HTMLParser):
    """What a browser would load and show, and whether every tag that opens also closes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alternatives: list[str | None] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"img", "meta", "br", "link"}:
            self._open.append(tag)
        given = dict(attrs)
        self.sources += [value or "" for name, value in attrs if name in {"src", "srcset", "data", "action"}]
        self.sources += [given["href"] or ""] if "href" in given else []
        if tag == "img":
            self.alternatives.append(given.get("alt"))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def _render(sections: pd.DataFrame, path: Path, **given: object) -> _Page:
    html = render_report(Study(sections), path / "report.html", **given).read_text(encoding="utf-8")  # type: ignore[arg-type]
    return _Page(html)


@pytest.fixture(scope="module")
def small(draw_sections_table: Draw) -> pd.DataFrame:
    return draw_sections_table(segments=("ileum", "jejunum"), sections_per_animal=(2, 2), section_cv=0.02)


@pytest.fixture(scope="module")
def whole(small: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> _Page:
    folder = tmp_path_factory.mktemp("whole")
    first = small.iloc[0]
    Image.new("RGB", (900, 500), (200, 120, 160)).save(folder / f"{first['slide']}_{first['section']}.png")
    (folder / f"{first['slide']}_s2.png").write_bytes(b"not a picture")
    return _render(small, folder, overlays=folder, failures=FAILURES, run=RUN, title="Gut & spine")


def test_the_page_needs_nothing_but_itself(whole: _Page) -> None:
    assert all(source.startswith(("data:image/", "data:text/csv;base64,", "#")) for source in whole.sources)
    assert "script" not in whole.tags
    assert "link" not in whole.tags


def test_every_picture_is_described_for_those_who_cannot_see_it(whole: _Page) -> None:
    assert len(whole.alternatives) > 10
    assert all(whole.alternatives)
    assert any("control @ 14: mean" in str(alternative) for alternative in whole.alternatives)


def test_the_heading_counts_slides_in_and_out(whole: _Page) -> None:
    assert "Gut & spine" in whole.text
    assert re.search(r"slides 31 scored 30 failed 1 sections 60 animals 15", whole.text)
    assert "structure-v1 0123456789ab" in whole.text
    assert "histo 9.8.7" in whole.text


def test_the_answer_stands_in_sentences_with_interval_p_and_animals(whole: _Page) -> None:
    assert re.search(r"\d+ of 20 comparisons show a difference after correction", whole.text)
    assert "Crypt depth is greater in EAE @ 14 than in control @ 14" in whole.text
    assert re.search(
        r"\+\d+\.\d µm \(\+\d+ %; 95 % interval \+\d+\.\d to \+\d+\.\d; adjusted p 0\.0\d+; 5 vs 5", whole.text
    )


def test_failures_stand_with_reason_and_next_step(whole: _Page) -> None:
    for part in ("m09_ileum", "missing_pixel_size", "no µm/px was found", "Say it by hand with --mpp."):
        assert part in whole.text


def test_a_model_that_was_only_tried_on_drawings_says_so(whole: _Page) -> None:
    assert "Phantom-only validation" in whole.text


def test_a_picture_that_does_not_read_is_left_out_and_the_page_still_made(whole: _Page) -> None:
    assert sum(source.startswith("data:image/jpeg") for source in whole.sources) == 1
    assert whole.text.count("no picture") == 59


def test_methods_name_the_test_the_correction_and_the_estimators(whole: _Page) -> None:
    for part in (
        "exact permutation of animals",
        "Westfall",
        "mean of sections, each the same weight",
        "Hedges",
        "at least 3",
    ):
        assert part in whole.text


def test_the_same_study_gives_the_same_bytes(small: pd.DataFrame, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        render_report(Study(small.head(12)), folder / "report.html", run=RUN)
    one, other = ({path.relative_to(folder): path for path in folder.rglob("*.*")} for folder in folders)
    assert one.keys() == other.keys()
    assert all(one[name].read_bytes() == other[name].read_bytes() for name in one)


def test_hostile_names_are_shown_and_not_obeyed(small: pd.DataFrame, tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>$a_b^$'
    page = _render(
        small.head(6).assign(group=evil, animal=lambda t: t["animal"] + evil, flags=evil),
        tmp_path,
        failures=FAILURES.assign(slide=evil, message=evil),
        run={"model": {"trained_on": [evil]}, evil: evil},
        title=evil,
    )
    assert "script" not in page.tags
    assert evil in page.text


@pytest.mark.parametrize("slide", ["../secret", "..\\secret", "/etc/secret"])
def test_a_slide_name_does_not_lead_out_of_the_overlays(small: pd.DataFrame, tmp_path: Path, slide: str) -> None:
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    Image.new("RGB", (5, 5)).save(tmp_path / "secret_s1.png")
    page = _render(small.head(1).assign(slide=slide), tmp_path, overlays=overlays)
    assert not any(source.startswith("data:image/jpeg") for source in page.sources)


def test_without_a_design_the_page_shows_sections_and_says_what_is_missing(small: pd.DataFrame, tmp_path: Path) -> None:
    page = _render(small.head(5).assign(animal="", group="", timepoint="", segment=""), tmp_path)
    assert "No comparison: no design table was given" in page.text
    assert "animals not known" in page.text
    assert page.text.count("counted") >= 5


def test_one_group_alone_is_described_without_a_comparison(small: pd.DataFrame, tmp_path: Path) -> None:
    page = _render(small[(small["group"] == "control") & (small["segment"] == "ileum")], tmp_path)
    assert "No comparison: all animals are in the reference group" in page.text
    assert "Crypt depth" in page.text


def test_groups_without_a_known_control_ask_for_one(small: pd.DataFrame, tmp_path: Path) -> None:
    page = _render(small[small["segment"] == "ileum"].replace({"group": {"control": "PBS"}}), tmp_path)
    assert "it cannot be told which group is the reference" in page.text


def test_one_animal_a_group_is_not_tested_and_says_why(draw_sections_table: Draw, tmp_path: Path) -> None:
    page = _render(draw_sections_table(n_animals=1, segments=("ileum",), sections_per_animal=(2, 2)), tmp_path)
    assert "No test: only one animal with a value" in page.text


def test_no_section_at_all_still_makes_a_page(small: pd.DataFrame, tmp_path: Path) -> None:
    page = _render(small.head(0), tmp_path, failures=FAILURES)
    assert "No section was scored" in page.text
    assert "slides 1 scored 0 failed 1" in page.text


def test_sections_without_any_measure_still_make_a_page(small: pd.DataFrame, tmp_path: Path) -> None:
    numbers = [name for name in small.columns if name.endswith(("_um", "_mm", "vh_cd", "_of_means"))]
    page = _render(small.assign(**dict.fromkeys(numbers, np.nan)), tmp_path)
    assert "No test: no animal with a value" in page.text


def test_failures_without_their_columns_are_refused(small: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match="next_step"):
        render_report(Study(small.head(1)), tmp_path / "r.html", failures=FAILURES.drop(columns="next_step"))
    assert not (tmp_path / "r.html").exists()


def test_a_results_folder_brings_its_overlays_failures_and_record(small: pd.DataFrame, tmp_path: Path) -> None:
    write_table(tmp_path, "sections", small.head(2))
    write_table(tmp_path, "failures", FAILURES)
    (tmp_path / "overlays").mkdir()
    first = small.iloc[0]
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "overlays" / f"{first['slide']}_{first['section']}.png")
    (tmp_path / "run.json").write_text(json.dumps(RUN), encoding="utf-8")
    page = _Page(Study.from_results(tmp_path).report(tmp_path / "report.html").read_text(encoding="utf-8"))
    assert sum(source.startswith("data:image/jpeg") for source in page.sources) == 1
    assert "m09_ileum" in page.text
    assert "histo 9.8.7" in page.text


@pytest.mark.parametrize("content", ["{", "[1, 2]"])
def test_a_broken_record_of_the_run_is_named(small: pd.DataFrame, tmp_path: Path, content: str) -> None:
    write_table(tmp_path, "sections", small.head(2))
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(CorruptResults, match=r"run\.json"):
        Study.from_results(tmp_path).report(tmp_path / "report.html")
