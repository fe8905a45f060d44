from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from histo.batch import RunSummary, Settings, plan, run
from histo.batch.cell_file import append_cells, join_cells
from histo.cli import main
from histo.errors import CorruptResults, InvalidArgument, UnknownModel, UnknownProfile
from histo.io.design import read_design
from histo.io.results import read_table
from histo.schema import CELL_TABLES, table_schema

CELLS = Settings(is_isolated=False, report=False, device="cpu", cells=True)


@pytest.fixture(scope="session")
def models(
    untrained_models: Path, write_untrained_nuclei: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("with_nuclei")
    shutil.copytree(untrained_models / "structure-v1", folder / "structure-v1")
    write_untrained_nuclei(folder / "nuclei-he-v1", mpp=2.0)
    write_untrained_nuclei(folder / "nuclei-glow", mpp=2.0, stain="fluorescence")
    return folder


@pytest.fixture(autouse=True)
def _models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTO_MODELS", str(models))


@pytest.fixture(scope="session")
def batch(drawn_slides: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good slides and an empty one in ``slides``, scored with their cells into ``results``."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "slides").mkdir()
    for name in ("m1.ome.tif", "m2.ome.tif", "animals.csv"):
        shutil.copy(drawn_slides / name, folder / "slides")
    (folder / "slides" / "empty.svs").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HISTO_MODELS", str(models))
        _score(folder / "slides", folder / "results", CELLS)
    return folder


def _score(slides: Path, out: Path, settings: Settings) -> RunSummary:
    return run(plan([slides], read_design(slides / "animals.csv")), out, settings)


def _bytes(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*results.glob("*.parquet"), *results.glob("*.csv")]}


def test_every_cell_is_counted_where_it_lies_and_belongs_to_an_animal(batch: Path) -> None:
    results = batch / "results"
    tables = {name: read_table(results, name) for name in CELL_TABLES}
    cells = tables["cells"]
    assert set(cells["slide"]) == {"m1", "m2"}
    assert cells.groupby("slide")["animal"].unique().map(list).to_dict() == {"m1": ["a1"], "m2": ["a2"]}
    counted = tables["infiltrate"].set_index("slide")
    assert (counted["n_cells"] + counted["n_cells_left_out"]).to_dict() == cells["slide"].value_counts().to_dict()
    everywhere = tables["densities"][tables["densities"]["population"] == "all"]
    both = everywhere["compartment"] == "mucosal_lamina_propria"  # counts again what stands in two other rows
    assert everywhere[~both].groupby("slide")["n_cells"].sum().to_dict() == cells["slide"].value_counts().to_dict()
    assert not (results / "cells.csv").exists()
    assert read_table(results, "failures")["slide"].tolist() == ["empty"]


def test_what_rubrics_ask_for_stands_in_the_sections(batch: Path) -> None:
    sections = read_table(batch / "results", "sections").set_index("slide")
    infiltrate = read_table(batch / "results", "infiltrate").set_index("slide")
    for name in ("iel_per_100", "mucosa_inflammatory_per_mm2"):
        pd.testing.assert_series_equal(sections[name], infiltrate[name])
    scores = read_table(batch / "results", "scores")
    assert scores["profile"].tolist() == ["mouse-infiltrate", "marsh-like-mouse"] * 2
    assert scores["reason"].str.contains("cannot be scored").all()  # one control animal is no ground for a cut-off
    assert infiltrate["infiltrate_extent_reason"].str.contains("too few control animals").all()


def test_the_record_names_the_model_that_found_the_cells(batch: Path, models: Path) -> None:
    record = json.loads((batch / "results" / "run.json").read_text(encoding="utf-8"))
    toml = (models / "nuclei-he-v1" / "model.toml").read_text(encoding="utf-8")
    (finder,) = record["nuclei_models"]
    assert finder["sha256"] in toml
    assert (finder["name"], finder["threshold"]) == ("nuclei-he-v1", 0.3)
    (note,) = [note for note in record["summary"]["notes"] if "controls" in note]
    assert "cut-offs relative to controls cannot be used" in note


def test_cells_are_not_found_again_and_two_processes_find_the_same(batch: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    shutil.copytree(batch / "results", results)
    assert _score(batch / "slides", results, CELLS).n_done_before == 2
    assert _bytes(results) == _bytes(batch / "results")
    _score(batch / "slides", tmp_path / "two", replace(CELLS, is_isolated=True, workers=2))
    assert _bytes(tmp_path / "two") == _bytes(batch / "results")


def test_without_cells_none_stay_behind_and_a_rubric_can_still_be_asked_for(batch: Path, tmp_path: Path) -> None:
    slides, results = tmp_path / "slides", tmp_path / "results"
    shutil.copytree(batch / "results", results)
    slides.mkdir()
    for name in ("m1.ome.tif", "animals.csv"):
        shutil.copy(batch / "slides" / name, slides)
    summary = _score(slides, results, replace(CELLS, cells=False, profiles=("marsh-oberhuber",)))
    assert summary.n_done_before == 0
    assert not [name for name in CELL_TABLES if (results / f"{name}.parquet").exists()]
    assert "iel_per_100" not in read_table(results, "sections").columns
    (score,) = read_table(results, "scores").to_dict("records")
    assert (score["profile"], score["animal"], score["grade"]) == ("marsh-oberhuber", "a1", "")
    assert "iel_per_100" in score["reason"]


@pytest.mark.parametrize(
    ("settings", "error", "part"),
    [
        (replace(CELLS, nuclei_models=("nuclei-he-v9",)), UnknownModel, "Without --cells"),
        (replace(CELLS, nuclei_models=("nuclei-glow",)), InvalidArgument, "slides of which there are none"),
        (replace(CELLS, nuclei_models=("nuclei-he-v1", "nuclei-he-v1")), InvalidArgument, "two nuclei models"),
        (replace(CELLS, profiles=("marsh-9",)), UnknownProfile, "marsh-9"),
    ],
)
def test_what_cannot_be_done_is_said_before_a_slide_is_read(
    settings: Settings, error: type[Exception], part: str, batch: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=part):
        _score(batch / "slides", tmp_path / "results", settings)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_the_command_ends_with_2_where_the_model_is_not_installed(
    more: tuple[str, ...],
    drawn_slides: Path,
    untrained_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HISTO_MODELS", str(untrained_models))
    command = ["score", str(drawn_slides), "--cells", "--nuclei-model", "nuclei-he-v9", "--out", str(tmp_path / "r")]
    assert main([*command, *more]) == 2
    shown = capsys.readouterr().err
    assert "nuclei-he-v9" in shown
    assert "Train it" in shown
    assert not (tmp_path / "r").exists()


def _some_cells(slide: str, n_cells: int) -> pd.DataFrame:
    columns = {column.name: "" if column.kind == "string" else 1.5 for column in table_schema("cells").columns}
    return pd.DataFrame([columns | {"slide": slide, "section": "s1", "row": float(row)} for row in range(n_cells)])


def test_cells_of_slides_with_other_markers_stand_in_one_table(tmp_path: Path) -> None:
    for slide, parts in {"a": [2, 1], "b": [3]}.items():
        (tmp_path / slide).mkdir()
        with append_cells(tmp_path / slide / "cells.parquet") as append:
            for n_cells in parts:
                rows = _some_cells(slide, n_cells)
                append(rows.assign(dab_intensity=0.25) if slide == "b" else rows)
    join_cells(
        tmp_path / "cells.parquet",
        [tmp_path / slide / "cells.parquet" for slide in "ab"],
        lambda rows: rows.assign(animal="m" + rows["slide"]),
    )
    cells = read_table(tmp_path, "cells")
    assert cells["animal"].tolist() == ["ma"] * 3 + ["mb"] * 3
    assert cells["row"].tolist() == [0, 1, 0, 0, 1, 2]
    assert cells["dab_intensity"].isna().tolist() == [True] * 3 + [False] * 3


def test_no_slide_gives_an_empty_table_and_a_broken_one_an_error(tmp_path: Path) -> None:
    join_cells(tmp_path / "cells.parquet", [], lambda rows: rows)
    assert read_table(tmp_path, "cells").empty
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(CorruptResults, match=r"broken\.parquet"):
        join_cells(tmp_path / "cells.parquet", [broken], lambda rows: rows)
