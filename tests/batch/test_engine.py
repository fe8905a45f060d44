from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from histo.batch import Plan, PlannedSlide, RunSummary, Settings, plan, run, scoring
from histo.batch.assembly import require_complete
from histo.batch.job import Failure
from histo.errors import CorruptResults, HistoError, ResultsNotWritten, UnknownModel
from histo.io.annotations import read_geojson
from histo.io.design import read_design
from histo.io.labels import read_label_map
from histo.io.results import read_table
from histo.schema import BARRIER_TABLES, CELL_TABLES, STUDY_TABLES, TABLES

KILL_ON_M2 = """
import os, signal
import histo.batch.attempt as attempt
whole = attempt.score_slide
def deadly(job):
    if job.slide.name == "m2":
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(job)
attempt.score_slide = deadly
"""
HERE = Settings(is_isolated=False, report=False, device="cpu")


@pytest.fixture(autouse=True)
def _models(untrained_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTO_MODELS", str(untrained_models))


@pytest.fixture(scope="session")
def batch(drawn_slides: Path, untrained_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good slides and three bad ones in ``slides``, scored into ``results``."""
    folder = tmp_path_factory.mktemp("batch")
    slides = folder / "slides"
    shutil.copytree(drawn_slides, slides)
    (slides / "empty.svs").touch()
    (slides / "noise.tif").write_bytes(b"II*\0 and then nothing of use")
    Image.fromarray(np.full((400, 400, 3), 244, np.uint8)).save(slides / "glass.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HISTO_MODELS", str(untrained_models))
        _score(slides, folder / "results", replace(HERE, report=True))
    return folder


@pytest.fixture
def slides(batch: Path, tmp_path: Path) -> Path:
    """A copy of the slides that a test may spoil."""
    return Path(shutil.copytree(batch / "slides", tmp_path / "slides"))


@pytest.fixture
def results(batch: Path, tmp_path: Path) -> Path:
    """A copy of their results, complete."""
    return Path(shutil.copytree(batch / "results", tmp_path / "results"))


def _keep(slides: Path, *names: str) -> None:
    """Leave only these of the good slides, and none of the bad ones."""
    for path in slides.iterdir():
        if path.suffix != ".csv" and path.name.partition(".")[0] not in names:
            path.unlink()


def _tables(results: Path) -> dict[str, bytes]:
    files = [*results.glob("*.parquet"), *results.glob("*.csv"), *(results / "objects").iterdir()]
    labels = [path for path in (results / "labels").rglob("*") if path.is_file()]
    return {str(path.relative_to(results)): path.read_bytes() for path in [*files, *labels]}


def _score(slides: Path, out: Path, settings: Settings = HERE) -> RunSummary:
    return run(plan([slides], read_design(slides / "animals.csv"), mpp=2.0), out, settings)


def test_every_slide_is_either_scored_or_failed_with_a_reason(batch: Path) -> None:
    record = json.loads((batch / "results" / "run.json").read_text(encoding="utf-8"))["summary"]
    assert (record["n_in"], record["n_scored"], record["n_failed"]) == (6, 3, 3)
    failures = read_table(batch / "results", "failures").set_index("slide")
    assert failures["reason"].to_dict() == {
        "empty": "unreadable_slide",
        "glass": "no_tissue",
        "noise": "unreadable_slide",
    }
    assert (failures["next_step"] != "").all()


def test_a_results_folder_holds_all_that_it_should(batch: Path) -> None:
    results = batch / "results"
    of_others = {*CELL_TABLES, *BARRIER_TABLES, *STUDY_TABLES}
    assert {path.stem for path in results.glob("*.parquet")} == set(TABLES) - of_others
    sections = read_table(results, "sections")
    assert list(sections["slide"]) == ["m1", "m2", "m3"]
    assert list(sections["animal"]) == ["a1", "a2", "a3"]
    assert list(sections["group"]) == ["control", "EAE", "EAE"]
    labels = read_label_map(results / "labels" / "m1_s1.ome.zarr")
    assert (labels.mpp, labels.slide_mpp) == (4.0, 2.0)
    assert read_geojson(results / "objects" / "m1_s1.geojson")
    with Image.open(results / "overlays" / "m1_s1.png") as overlay:
        assert overlay.mode == "RGB"
    assert "m1" in (results / "report.html").read_text(encoding="utf-8")
    record = json.loads((results / "run.json").read_text(encoding="utf-8"))
    good = next(slide for slide in record["slides"] if slide["slide"] == "m1")
    assert len(good["input"]["sha256"]) == len(record["model"]["sha256"]) == 64


def test_a_finished_slide_is_not_done_again_and_a_failed_one_is_tried_again(slides: Path, results: Path) -> None:
    before = _tables(results)
    stamps = {path: path.stat().st_mtime_ns for path in (results / "slides").rglob("*.parquet")}
    again = _score(slides, results)
    assert (again.n_done_before, again.n_failed, again.exit_code) == (3, 3, 1)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert {name for name, content in _tables(results).items() if content != before[name]} <= {
        "failures.csv",  # the path of the slides is another one
        "failures.parquet",
    }


def test_a_slide_with_another_content_is_done_again(slides: Path, results: Path) -> None:
    shutil.copyfile(slides / "m1.ome.tif", slides / "m2.ome.tif")
    assert _score(slides, results).n_done_before == 2


def test_a_slide_that_was_only_copied_anew_is_not_done_again(slides: Path, results: Path) -> None:
    os.utime(slides / "m2.ome.tif", (1, 1))
    assert _score(slides, results).n_done_before == 3


def test_other_settings_do_everything_again(slides: Path, results: Path) -> None:
    _keep(slides, "m1")
    assert _score(slides, results, replace(HERE, any_stain=True)).n_done_before == 0


def test_a_result_that_was_deleted_is_made_again(slides: Path, results: Path) -> None:
    overlay = results / "overlays" / "m1_s1.png"
    before = overlay.read_bytes()
    overlay.unlink()
    assert _score(slides, results).n_done_before == 2
    assert overlay.read_bytes() == before


def test_a_mended_design_changes_the_tables_and_scores_nothing(slides: Path, results: Path) -> None:
    design = slides / "animals.csv"
    mended = design.read_text(encoding="utf-8").replace("m1,a1", "m1,b9").replace("m2,a2,EAE,14,jejunum\n", "")
    design.write_text(mended, encoding="utf-8")
    assert _score(slides, results).n_done_before == 3
    sections = read_table(results, "sections").set_index("slide")
    assert sections["animal"].to_dict() == {"m1": "b9", "m2": "", "m3": "a3"}
    assert "not_in_design" in sections.loc["m2", "flags"]


def test_the_same_bytes_come_out_of_two_processes_as_of_none(batch: Path, tmp_path: Path) -> None:
    _score(batch / "slides", tmp_path / "two", Settings(workers=2, report=False, device="cpu"))
    assert _tables(tmp_path / "two") == _tables(batch / "results")


def test_an_unforeseen_error_costs_one_slide_and_keeps_its_traceback(
    slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _keep(slides, "m1", "m2")
    _fail_on(monkeypatch, "m1", ZeroDivisionError("by zero"))
    summary = _score(slides, tmp_path / "results")
    (failure,) = summary.failures
    assert failure.slide == "m1"
    assert (failure.reason, failure.message) == ("internal_error", "ZeroDivisionError: by zero")
    assert summary.n_scored == 1
    assert "Traceback" in caplog.text


def test_what_was_written_of_a_slide_that_now_fails_does_not_stay(
    slides: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_on(monkeypatch, "m2", ZeroDivisionError())
    shutil.copyfile(slides / "m1.ome.tif", slides / "m2.ome.tif")
    assert list(results.rglob("m2*"))
    _score(slides, results)
    assert not list(results.rglob("m2*"))


def test_a_full_disk_stops_the_batch_and_keeps_what_is_finished(
    slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(slides, "m1", "m2")
    with monkeypatch.context() as patch:
        _fail_on(patch, "m2", OSError(28, "No space left on device"))
        with pytest.raises(ResultsNotWritten, match="No space left"):
            _score(slides, tmp_path / "results")
    assert _score(slides, tmp_path / "results").n_done_before == 1


def test_a_slide_that_changes_while_it_is_read_fails(
    slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(slides, "m1")
    real = scoring.measure_section

    def touching(labels: object) -> object:
        os.utime(slides / "m1.ome.tif", (1, 1))
        return real(labels)  # type: ignore[arg-type]

    monkeypatch.setattr(scoring, "measure_section", touching)
    failures = {failure.slide: failure for failure in _score(slides, tmp_path / "results").failures}
    assert "was changed while it was scored" in failures["m1"].message


def test_a_process_that_is_killed_costs_the_slide_it_was_at(
    slides: Path, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose decoder crashes, as seen from outside: it is gone in the middle of a slide."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(KILL_ON_M2, encoding="utf-8")
    shutil.copyfile(slides / "m1.ome.tif", slides / "m2.ome.tif")
    summary = _score(slides, results, Settings(workers=1, report=False, device="cpu"))
    failures = {failure.slide: failure for failure in summary.failures}
    assert set(failures) == {"empty", "glass", "m2", "noise"}
    assert failures["m2"].reason == "worker_died"
    assert "killed by signal 9" in failures["m2"].message


def test_after_kill_9_the_same_command_ends_with_the_same_bytes(batch: Path, tmp_path: Path) -> None:
    results, slides = tmp_path / "results", batch / "slides"
    command = [
        *(sys.executable, "-m", "histo", "score", str(slides), "--design", str(slides / "animals.csv")),
        *("--mpp", "2", "--workers", "1", "--device", "cpu", "--out", str(results)),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (results / "slides" / "m1" / "done.json").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (results / "sections.parquet").exists()
    assert _score(slides, results).n_done_before >= 1
    assert _tables(results) == _tables(batch / "results")
    assert not list(results.rglob(".*.unfinished"))


def test_an_unknown_model_is_refused_before_anything_is_written(slides: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="structure-v1"):
        _score(slides, tmp_path / "results", Settings(model="structure-v9"))
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("failed", "message"), [([], "neither scored nor failed: a"), (["a", "b"], "never planned: b")]
)
def test_a_lost_slide_is_an_error(tmp_path: Path, failed: list[str], message: str) -> None:
    planned = Plan((PlannedSlide("a", Path("a.svs")),))
    failures = {name: Failure(name, "", "", "", "") for name in failed}
    with pytest.raises(CorruptResults, match=message):
        require_complete(tmp_path, planned, failures)


def test_progress_is_told_of_every_slide(slides: Path, tmp_path: Path) -> None:
    steps = []
    _keep(slides, "empty", "glass", "noise")
    run(plan([slides], mpp=2.0), tmp_path / "results", HERE, lambda step: steps.append((step.n_done, step.n_total)))
    assert steps == [(number, 3) for number in range(1, 4)]


def _fail_on(monkeypatch: pytest.MonkeyPatch, slide: str, error: Exception) -> None:
    real: Callable[..., object] = scoring.open_slide

    def opening(path: Path, **options: float | None) -> object:
        if Path(path).name.startswith(slide):
            raise error
        return real(path, **options)

    monkeypatch.setattr(scoring, "open_slide", opening)


def test_our_errors_are_described_without_their_file_but_with_their_parts(tmp_path: Path) -> None:
    from histo.batch.job import describe_failure

    slide = PlannedSlide("a", Path("a.svs"))
    failure = describe_failure(slide, HistoError("it is wrong", file="a.svs", expected="x", got="y", next_step="z"))
    assert (failure.message, failure.next_step) == ("it is wrong; expected x; got y", "z")
