from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from histo.batch.job import Failure, Job, Outcome
from histo.batch.planning import PlannedSlide
from histo.batch.record import RECORD_NAME, Fingerprint, InputFile, SlideRecord, read_record, slide_folder
from histo.errors import CorruptResults

FINGERPRINT = Fingerprint("1.0", "structure-v1", "ab" * 32, 0.5)


def _record(results: Path, slide: str = "a") -> SlideRecord:
    path = results / f"{slide}.svs"
    path.write_bytes(b"pixels")
    (results / "overlay.png").touch()
    return SlideRecord(
        slide=slide,
        path=str(path),
        input=InputFile.of(path),
        fingerprint=FINGERPRINT,
        device="cpu",
        seconds=1.5,
        finished="2026-01-01T00:00:00+00:00",
        sections=("s1", "s2"),
        outputs=("overlay.png",),
    )


def _write(results: Path, record: SlideRecord) -> None:
    folder = slide_folder(results, record.slide)
    folder.mkdir(parents=True)
    (folder / RECORD_NAME).write_text(record.to_json(), encoding="utf-8")


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    record = _record(tmp_path)
    _write(tmp_path, record)
    assert read_record(tmp_path, "a") == record


def test_a_slide_that_is_not_finished_has_no_record(tmp_path: Path) -> None:
    assert read_record(tmp_path, "a") is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"input": {}}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    folder = slide_folder(tmp_path, "a")
    folder.mkdir(parents=True)
    (folder / RECORD_NAME).write_text(content, encoding="utf-8")
    with pytest.raises(CorruptResults, match="does not read"):
        read_record(tmp_path, "a")


@pytest.mark.parametrize("change", [{"version": "2"}, {"model_sha256": "cd" * 32}, {"mpp": 0.25}, {"mpp": None}])
def test_other_settings_make_a_record_out_of_date(tmp_path: Path, change: dict[str, str]) -> None:
    record = _record(tmp_path)
    assert record.is_current(tmp_path, FINGERPRINT)
    assert not record.is_current(tmp_path, replace(FINGERPRINT, **change))


def test_a_result_that_was_deleted_makes_a_record_out_of_date(tmp_path: Path) -> None:
    record = _record(tmp_path)
    (tmp_path / "overlay.png").unlink()
    assert not record.is_current(tmp_path, FINGERPRINT)


def test_a_folder_is_one_input_that_changes_with_any_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.zarr" / "0").mkdir(parents=True)
    (tmp_path / "a.zarr" / "0" / "c").write_bytes(b"12")
    before = InputFile.of(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "0" / "d").write_bytes(b"3")
    after = InputFile.of(tmp_path / "a.zarr")
    assert (before.n_bytes, after.n_bytes) == (2, 3)
    assert before.sha256 != after.sha256
    assert not before.is_stamp_of(tmp_path / "a.zarr")


def test_jobs_and_outcomes_go_through_a_pipe_unchanged(tmp_path: Path) -> None:
    job = Job(PlannedSlide("ä b", tmp_path / "ä b.svs", 0.5), tmp_path, FINGERPRINT, "cpu")
    failure = Failure("ä b", "x", "no_tissue", "line\nbreak", "next")
    outcome = Outcome("ä b", ("s1",), failure, 1.0, remarks=("careful",), traceback="at\nline", stops_the_batch=True)
    assert Job.from_json(job.to_json()) == job
    assert Outcome.from_json(outcome.to_json()) == outcome
    assert "\n" not in job.to_json() + outcome.to_json()
