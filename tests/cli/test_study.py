from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from histo.cli import main
from histo.io.results import read_table, write_table

Draw = Callable[..., pd.DataFrame]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, draw_sections_table: Draw) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_table(
        folder, "sections", draw_sections_table(seed=1, segments=("jejunum", "ileum"), sections_per_animal=(2, 3))
    )
    return folder


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code = main(["study", *arguments])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    return shown.out


def test_the_help_fits_one_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = _run(capsys, "--help").rstrip("\n").splitlines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= 80


def test_protocols_are_listed_without_a_results_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "--list-protocols").startswith("nouri2014  ")


def test_groups_and_contrasts_are_printed_and_no_p_on_sections(
    capsys: pytest.CaptureFixture[str], results: Path
) -> None:
    shown = _run(capsys, str(results), "--endpoint", "crypt_depth_um")
    assert "minus that of control @ 14" in shown
    assert "exact permutation of animals" in shown
    assert "WRONG" not in shown


def test_a_protocol_says_what_it_fixes_what_is_missing_and_answers_its_questions(
    capsys: pytest.CaptureFixture[str], results: Path
) -> None:
    shown = _run(capsys, str(results), "--protocol", "nouri2014")
    assert "Protocol nouri2014, version 1" in shown
    assert "not stated by the paper; histo's default" in shown
    assert "Missing or left out: zonulin was not measured" in shown
    assert "Missing or left out: duodenum was not sampled" in shown
    for title in ("Onset:", "Progression:", "Segment:"):
        assert title in shown
    assert "Barrier:" not in shown


def test_json_holds_every_table_and_no_nan(capsys: pytest.CaptureFixture[str], results: Path) -> None:
    arguments = (str(results), "--question", "onset", "--as-published", "--endpoint", "vh_cd")
    by_format = _run(capsys, *arguments, "--format", "json")
    assert by_format == _run(capsys, *arguments, "--json")
    assert "NaN" not in by_format
    tables = json.loads(by_format)
    assert set(tables) == {"groups", "contrasts", "questions", "as_published"}
    assert {row["question"] for row in tables["questions"]} == {"onset"}


def test_the_wrong_p_is_marked_as_wrong_with_its_rate(capsys: pytest.CaptureFixture[str], results: Path) -> None:
    shown = _run(capsys, str(results), "--as-published", "--endpoint", "crypt_depth_um")
    assert "WRONG p that takes sections for animals" in shown
    assert "of studies of this very layout (simulated), not in 5 %. Do not report it." in shown


def test_tidy_goes_to_stdout_as_csv(capsys: pytest.CaptureFixture[str], results: Path) -> None:
    table = pd.read_csv(io.StringIO(_run(capsys, str(results), "--format", "tidy")))
    assert {"animal", "group", "timepoint", "segment", "endpoint", "unit", "value"} <= set(table.columns)
    assert table["animal"].nunique() == 15


def test_out_writes_the_tables(capsys: pytest.CaptureFixture[str], results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shown = _run(capsys, str(results), "--question", "segment", "--out", str(out), "--format", "tidy")
    assert "written:" in shown
    assert set(read_table(out, "questions")["question"]) == {"segment"}
    assert not read_table(out, "contrasts").empty
    assert (out / "animals_long.csv").is_file()
    assert (out / "prism" / "crypt_depth_um.csv").is_file()


def test_equivalence_is_asked_with_a_margin(capsys: pytest.CaptureFixture[str], results: Path) -> None:
    shown = _run(capsys, str(results), "--endpoint", "crypt_depth_um", "--margin", "1")
    assert "a difference larger than 1.0 µm is not ruled out" in shown


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--protocol", "nouri1999"], "there is no such protocol"),
        (["--question", "cause"], "cause"),
        (["--margin", "3"], "a margin is of one endpoint"),
        (["--endpoint", "crypt_depth"], "not an endpoint"),
        (["--format", "xlsx"], "xlsx"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(
    capsys: pytest.CaptureFixture[str], results: Path, arguments: list[str], part: str
) -> None:
    assert main(["study", str(results), *arguments]) == 2
    shown = capsys.readouterr()
    assert part in shown.err
    assert not shown.out
