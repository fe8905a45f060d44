"""The page for those who read it otherwise: by ear, by keyboard, on a phone, on paper, with other eyes for colour."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.report import Study, render_report

Draw = Callable[..., pd.DataFrame]
CSS = Path(__file__).parents[2] / "histo" / "report" / "templates" / "report.css"
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
LONG = "a group with quite a long name that nobody would want to write on the axis of a figure but somebody did"


class _Outline(HTMLParser):
    """Headings, tables' header cells, and what can be reached by links and keys."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.header_cells: list[dict[str, str | None]] = []
        self.tables_without_head: list[str] = []
        self.regions: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.language = ""
        self._head_seen = True
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "th":
            self.header_cells.append(given)
        elif tag == "table":
            self._head_seen = False
        elif tag == "thead":
            self._head_seen = True
        elif tag == "img":
            self.pictures.append(given)
        elif tag == "html":
            self.language = given.get("lang") or ""
        if given.get("role") == "region":
            self.regions.append(given)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if (given.get("href") or "").startswith("#"):
            self.targets.append((given["href"] or "")[1:])

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and not self._head_seen:
            self.tables_without_head.append(self.get_starttag_text() or "")


@pytest.fixture(scope="module")
def page(draw_sections_table: Draw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sections = draw_sections_table(segments=("ileum", "jejunum"), sections_per_animal=(2, 2))
    sections["villi_rejected"] = "tangential=3 detached=1"
    return render_report(Study(sections), tmp_path_factory.mktemp("page") / "report.html", run={"version": "1"})


@pytest.fixture(scope="module")
def outline(page: Path) -> _Outline:
    return _Outline(page.read_text(encoding="utf-8"))


def test_headings_begin_with_one_and_skip_no_level(outline: _Outline) -> None:
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert max(np.diff(outline.headings)) == 1


def test_every_table_has_a_head_and_every_header_cell_says_what_it_heads(outline: _Outline) -> None:
    assert outline.tables_without_head == []
    assert len(outline.header_cells) > 100
    assert {cell.get("scope") for cell in outline.header_cells} == {"col", "row"}


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(outline: _Outline) -> None:
    assert outline.regions
    assert all(region.get("tabindex") == "0" and region.get("aria-label") for region in outline.regions)


def test_links_within_the_page_lead_somewhere(outline: _Outline) -> None:
    assert set(outline.targets) <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.language == "en"


def test_every_figure_is_told_in_numbers(outline: _Outline) -> None:
    assert len(outline.pictures) > 20
    assert all(re.search(r"\d", picture.get("alt") or "") for picture in outline.pictures)
    assert all(len(picture.get("alt") or "") > 60 for picture in outline.pictures)


def test_every_figure_keeps_its_room_before_it_is_loaded(outline: _Outline) -> None:
    assert all(picture.get("width") and picture.get("height") for picture in outline.pictures)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = np.array([int(digits[at : at + 2], 16) for at in (0, 2, 4)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def colour_sets() -> list[dict[str, str]]:
    """The light colours, the dark ones, and those of paper."""
    blocks = re.findall(r":root \{([^}]*)\}", CSS.read_text(encoding="utf-8"))
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]+);", block)) for block in blocks]


@pytest.mark.parametrize("place", [0, 1, 2], ids=["light", "dark", "paper"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "up", "down", "bad"])
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_letters_stand_out_from_what_they_are_written_on(place: int, ink: str, ground: str) -> None:
    colours = colour_sets()[place]

    assert contrast(colours[ink], colours[ground]) >= 4.5  # WCAG 2.1, 1.4.3


def test_letters_on_figures_stand_out_in_the_dark_too() -> None:
    css = CSS.read_text(encoding="utf-8")
    inks = re.findall(r"\.(?:panels figure|profile|picture|file) \{[^}]*[ ;]color: (#[0-9a-f]+)", css)

    assert len(inks) == 4
    assert all(contrast(ink, colours["figure"]) >= 4.5 for ink in inks for colours in colour_sets())


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["EAE", LONG, "x" * 120])
def test_nothing_is_wider_than_the_screen(draw_sections_table: Draw, tmp_path: Path, width: int, name: str) -> None:
    sections = draw_sections_table(segments=("ileum", "jejunum"), n_animals=3, sections_per_animal=(1, 1))
    path = render_report(Study(sections.replace({"group": {"EAE": name}})), tmp_path / "report.html", title=name)
    # The page itself runs no script: a copy without that rule measures itself, in a frame, for no window is so narrow.
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text(encoding="utf-8"))
    measure = "<script>parent.postMessage(document.documentElement.scrollWidth, '*')</script>"
    (tmp_path / "copy.html").write_text(html.replace("</body>", f"{measure}</body>"), encoding="utf-8")
    told = "<title></title><script>onmessage = told => document.title = 'width ' + told.data</script>"
    frame = f'<iframe src="copy.html" style="border: 0" width="{width}" height="900"></iframe>'
    (tmp_path / "frame.html").write_text(f"<!doctype html>{told}{frame}", encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]

    shown = subprocess.run(
        [CHROMIUM, *flags, "--window-size=1400,900", "--dump-dom", f"file://{tmp_path / 'frame.html'}"],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    ).stdout

    found = re.search(r"<title>width (\d+)</title>", shown)
    assert found is not None
    assert int(found[1]) <= width
