from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from histo import __version__
from histo.cli import main
from histo.io.results import read_table


@pytest.fixture(autouse=True)
def _models(untrained_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTO_MODELS", str(untrained_models))
    monkeypatch.setenv("COLUMNS", "200")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"histo {__version__}"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["score"], "Missing argument"),
        (["score", "a.svs", "--workers", "0"], "workers"),
        (["scoer"], "scoer"),
        (["score", "a.svs", "--design", "absent.csv"], "absent.csv"),
        (["score", "a.svs", "--model", "structure-v9"], "structure-v9"),
        (["study", "absent"], "absent"),
        (["report", "absent"], "absent"),
        (["evaluate", "structure-v9"], "structure-v9"),
        (["train", "absent.toml"], "absent.toml"),
    ],
)
def test_what_cannot_run_ends_with_2_and_says_why_without_a_traceback(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert part in shown.err
    assert "Traceback" not in shown.err
    assert not shown.out


def test_debug_shows_the_traceback_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "absent", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--version"], ["study", "absent"], ["study", "absent", "--debug"]])
def test_the_logging_of_a_program_that_calls_a_command_stays_as_it_was(arguments: list[str]) -> None:
    logger = logging.getLogger("histo")
    before = list(logger.handlers), logger.level
    main(arguments)
    assert (logger.handlers, logger.level) == before


def test_info_says_size_and_pixel_size_and_where_it_stands(
    drawn_slides: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(drawn_slides / "m1.ome.tif"), "--json"]) == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert facts["mpp"] == 2.0
    assert "PhysicalSize" in facts["mpp_source"]
    assert facts["channels"] == ["red", "green", "blue"]


def test_info_on_a_broken_file_ends_with_1_and_goes_on(
    drawn_slides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.svs").touch()
    assert main(["info", str(tmp_path / "empty.svs"), str(drawn_slides / "m1.ome.tif")]) == 1
    shown = capsys.readouterr().out
    assert "unreadable_slide" in shown
    assert "OME-TIFF" in shown


def test_a_dry_run_opens_the_slides_and_writes_nothing(
    drawn_slides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert main(["score", str(drawn_slides), "--out", str(out), "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert [slide["slide"] for slide in planned["slides"]] == ["m1", "m2", "m3"]
    assert [Path(file["path"]).name for file in planned["ignored"]] == ["animals.csv"]
    assert not out.exists()


def test_models_are_listed_and_a_changed_one_is_found(
    untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "--json"]) == 0
    assert {model["name"]: model["state"] for model in json.loads(capsys.readouterr().out)}["structure-v1"] == "ok"
    spoilt = tmp_path / "structure-v1"
    spoilt.mkdir()
    for file in (untrained_models / "structure-v1").iterdir():
        (spoilt / file.name).write_bytes(file.read_bytes() + (b"x" if file.suffix == ".safetensors" else b""))
    monkeypatch.setenv("HISTO_MODELS", str(tmp_path))
    assert main(["models", "--json"]) == 1
    states = {model["name"]: model["state"] for model in json.loads(capsys.readouterr().out)}
    assert "sha256" in states["structure-v1"]


def test_doctor_finds_everything_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert findings["problems"] == []
    assert findings["codecs"]["jpeg2k"]


def test_score_then_study_then_report(drawn_slides: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, design = tmp_path / "results", drawn_slides / "animals.csv"
    (tmp_path / "empty.svs").touch()
    slides = [str(drawn_slides), str(tmp_path / "empty.svs")]
    arguments = ["score", *slides, "--design", str(design), "--out", str(out), "--workers", "1", "--json"]
    assert main(arguments) == 1
    summary = json.loads(capsys.readouterr().out)
    assert (summary["n_in"], summary["n_scored"], summary["n_failed"]) == (4, 3, 1)
    assert list(read_table(out, "failures")["slide"]) == ["empty"]
    assert main(["study", str(out), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"groups", "contrasts", "overall"}
    (out / "report.html").unlink()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").is_file()
