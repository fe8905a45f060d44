"""DAB, fluorescence and H&E slides of one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from histo.batch import RunSummary, Settings, plan, run
from histo.cli import main
from histo.errors import InvalidArgument, InvalidRule
from histo.io import Slide
from histo.io.design import read_design
from histo.io.results import read_table
from histo.stain import HAEMATOXYLIN_DAB

HERE = Settings(is_isolated=False, device="cpu")
RULES = '[phenotypes]\nTreg = "CD4+ & Foxp3+"\n'


@pytest.fixture(scope="session")
def models(
    untrained_models: Path, write_untrained_nuclei: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("of_all_stains")
    shutil.copytree(untrained_models / "structure-v1", folder / "structure-v1")
    write_untrained_nuclei(folder / "nuclei-he-v1", mpp=2.0)
    write_untrained_nuclei(folder / "nuclei-if-v1", mpp=2.0, stain="fluorescence")
    return folder


@pytest.fixture(autouse=True)
def _models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTO_MODELS", str(models))


@pytest.fixture(scope="session")
def scored(
    stained_slides_folder: Path,
    find_true_cells: Callable[..., pd.DataFrame],
    models: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """All slides with their true nuclei, scored into ``results`` by the rules ``rules.toml``."""
    folder = tmp_path_factory.mktemp("scored")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HISTO_MODELS", str(models))
        patch.setattr("histo.batch.cells.detect_cells", find_true_cells)
        settings = replace(HERE, phenotypes=str(folder / "rules.toml"))
        summary = _score(stained_slides_folder, folder / "results", settings)
    assert summary.failures == ()
    return folder


def _score(slides: Path, out: Path, settings: Settings = HERE) -> RunSummary:
    return run(plan([slides], read_design(slides / "animals.csv")), out, settings)


def _some(folder: Path, into: Path, *names: str, **changed: str) -> Path:
    """Copy some slides with their rows of the design, texts of which may be changed."""
    into.mkdir()
    for path in folder.iterdir():
        if path.name.partition(".")[0] in names:
            shutil.copy(path, into)
    header, *rows = (folder / "animals.csv").read_text(encoding="utf-8").splitlines()
    kept = "\n".join([header, *(row for row in rows if row.partition(",")[0] in names)]) + "\n"
    for old, new in changed.items():
        kept = kept.replace(old, new)
    (into / "animals.csv").write_text(kept, encoding="utf-8")
    return into


def _truth(folder: Path, slide: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{slide}.truth.parquet")


def _bytes(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*results.glob("*.parquet"), *results.glob("*.csv")]}


def test_each_stain_gives_what_can_be_told_of_it(scored: Path) -> None:
    sections = read_table(scored / "results", "sections").set_index("slide")
    assert sections["stain"].to_dict() == {
        **dict.fromkeys(("d1", "d2", "d3"), "dab"),
        **dict.fromkeys(("f1", "f2"), "fluorescence"),
        "h1": "he",
    }
    no_map = sections["flags"].str.split().map(lambda flags: "no_structure" in flags)
    assert no_map.to_dict() == {**dict.fromkeys(("d1", "d2", "d3", "f1", "f2"), True), "h1": False}
    assert (sections["model"] == "").equals(no_map)
    assert sections.loc[no_map, "confidence"].isna().all()
    assert (sections["tissue_area_mm2"] > 0.3).all()
    cells = read_table(scored / "results", "cells")
    assert set(cells["slide"]) == {"d1", "d2", "d3", "f1", "f2"}  # of H&E none were asked for
    assert set(cells["compartment"]) <= {"", "background", "excluded", "outside"}


def test_densities_are_of_the_tissue_and_of_all_classes_where_none_are_known(scored: Path) -> None:
    densities = read_table(scored / "results", "densities").set_index(["slide", "compartment", "population"])
    sections = read_table(scored / "results", "sections").set_index("slide")
    positivity = read_table(scored / "results", "positivity").set_index(["slide", "marker"])
    assert set(densities.loc["f1"].index.get_level_values("population")) == {"all", "cd4+", "foxp3+", "Treg"}
    positive = densities.loc[("f1", "tissue", "cd4+")]
    assert positive["n_cells"] == positivity.loc[("f1", "cd4"), "n_positive"]
    assert positive["area_mm2"] == pytest.approx(sections.loc["f1", "tissue_area_mm2"], rel=1e-3)
    assert positive["cells_per_mm2"] == pytest.approx(positive["n_cells"] / positive["area_mm2"])


def test_controls_set_the_threshold_and_the_study_where_there_are_none(scored: Path) -> None:
    thresholds = read_table(scored / "results", "thresholds").set_index(["stain", "marker"])
    facts = thresholds[["method", "site", "n_slides"]]
    assert facts.loc[("dab", "cd4")].tolist() == ["controls", "ring", 1]
    assert facts.loc[("fluorescence", "cd4")].tolist() == ["study", "ring", 2]
    assert facts.loc[("fluorescence", "foxp3")].tolist() == ["study", "nucleus", 2]
    cells = read_table(scored / "results", "cells")
    measured = cells[cells["slide"].isin(["f1", "f2"])]["cd4_intensity"].notna().sum()
    assert thresholds.loc[("fluorescence", "cd4"), "n_cells"] == measured
    positivity = read_table(scored / "results", "positivity")
    of_control = positivity[positivity["is_negative_control"]]
    assert of_control["slide"].tolist() == ["d3"]
    assert of_control["percent_positive"].iloc[0] == pytest.approx(1.0, abs=0.2)


def test_percentages_are_those_of_the_cells_above_the_threshold_and_follow_the_truth(
    scored: Path, stained_slides_folder: Path
) -> None:
    positivity = read_table(scored / "results", "positivity").set_index(["slide", "marker"])["percent_positive"]
    cut = read_table(scored / "results", "thresholds").set_index(["stain", "marker"])["weak"]
    cells = read_table(scored / "results", "cells")
    cells = cells[cells["compartment"] == ""]
    for slide, stain, marker in (("d1", "dab", "cd4"), ("f1", "fluorescence", "cd4"), ("f2", "fluorescence", "foxp3")):
        values = cells.loc[cells["slide"] == slide, f"{marker}_intensity"].dropna()
        assert positivity[slide, marker] == pytest.approx(100 * (values > cut[stain, marker]).mean()), (slide, marker)
    for slide, marker in (("f1", "cd4"), ("f2", "cd4"), ("f1", "foxp3"), ("f2", "foxp3")):
        true = 100 * _truth(stained_slides_folder, slide)[f"{marker}_is_positive"].mean()
        assert true < positivity[slide, marker] < 1.6 * true, (slide, marker)  # at 1 µm/px neighbours shine in
    assert positivity["d2", "cd4"] > 1.5 * positivity["d1", "cd4"] > 3 * positivity["d3", "cd4"]


def test_phenotypes_are_found_where_all_their_markers_are(scored: Path, stained_slides_folder: Path) -> None:
    cells = read_table(scored / "results", "cells")
    assert cells.loc[cells["slide"] == "d1", "Treg"].isna().all()
    both = cells["cd4_is_positive"].eq(True) & cells["foxp3_is_positive"].eq(True)
    of_fluorescence = cells["slide"].isin(["f1", "f2"])
    assert cells.loc[of_fluorescence, "Treg"].astype(bool).equals(both[of_fluorescence])
    sections = read_table(scored / "results", "sections").set_index("slide")
    ratios = read_table(scored / "results", "cell_ratios").set_index("slide")
    assert sections["treg_fraction"].dropna().equals(ratios["value"].rename("treg_fraction"))
    assert ratios["ratio"].to_dict() == {"f1": "treg_fraction", "f2": "treg_fraction"}
    truth = _truth(stained_slides_folder, "f2")
    true_share = truth["foxp3_is_positive"].sum() / truth["cd4_is_positive"].sum()
    assert ratios.loc["f2", "value"] == pytest.approx(true_share, rel=0.25)


def test_studies_can_ask_for_markers_but_not_average_what_cannot_be_compared(scored: Path) -> None:
    sections = read_table(scored / "results", "sections").set_index("slide")
    assert "cd4_percent_positive" not in sections  # of DAB and of fluorescence: two measures
    assert sections["cd4_dab_percent_positive"].notna().to_dict() == {
        **dict.fromkeys(("d1", "d2"), True),
        **dict.fromkeys(("d3", "f1", "f2", "h1"), False),  # d3 is a negative control of animal a1
    }
    assert "negative_control" in sections.loc["d3", "flags"]
    assert sections["treg_per_mm2"].notna().sum() == 2
    assert {"foxp3_h_score", "foxp3_positive_per_mm2"} <= set(sections.columns)
    report = (scored / "results" / "report.html").read_text(encoding="utf-8")
    assert "negative controls" in report
    assert "Otsu" in report
    record = json.loads((scored / "results" / "run.json").read_text(encoding="utf-8"))
    assert record["phenotypes"] == {"Treg": "CD4+ & Foxp3+"}
    assert [model["stain"] for model in record["nuclei_models"]] == ["he", "fluorescence"]


def test_dab_slides_have_compartments_where_structure_is_asked_for_all_the_same(
    stained_slides_folder: Path,
    find_true_cells: Callable[..., pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    colours = []

    def find(slide: Slide, **how: Any) -> pd.DataFrame:
        colours.append(how["options"].dab_vectors)
        return find_true_cells(slide, **how)

    monkeypatch.setattr("histo.batch.cells.detect_cells", find)
    slides = _some(stained_slides_folder, tmp_path / "slides", "d1", "d3")
    results = tmp_path / "results"
    _score(slides, results, replace(HERE, report=False, any_stain=True))
    assert colours == [HAEMATOXYLIN_DAB] * 2  # of slides found one by one, a control's would be others
    sections = read_table(results, "sections")
    assert sections["flags"].str.contains("wrong_stain").all()
    assert not sections["flags"].str.contains("no_structure").any()
    positivity = read_table(results, "positivity").set_index(["slide", "compartment"])
    parts = positivity.loc["d1"].drop(index="tissue")
    assert len(parts) > 2
    assert parts["n_positive"].sum() == positivity.loc[("d1", "tissue"), "n_positive"] > 0
    densities = read_table(results, "densities").set_index(["slide", "population", "compartment"])
    assert set(densities.loc["d1"].index.get_level_values("population")) >= {"all", "lymphocyte", "cd4+"}
    for name, row in parts.iterrows():
        assert densities.loc[("d1", "cd4+", name), "n_cells"] == row["n_positive"]


def test_the_overlay_of_a_section_without_structure_shows_its_nuclei(scored: Path) -> None:
    from histo.report.overlay import NUCLEUS_RGB

    for name in ("d1_s1", "f1_s1"):
        with Image.open(scored / "results" / "overlays" / f"{name}.png") as picture:
            pixels = np.asarray(picture)[:-40]  # without the legend
        n_drawn = int((pixels == NUCLEUS_RGB).all(axis=-1).sum())
        assert n_drawn > 1000, name


def test_new_rules_thresholds_and_controls_score_no_slide_again(
    scored: Path, stained_slides_folder: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    shutil.copytree(scored / "results", results)
    slides = _some(
        stained_slides_folder, tmp_path / "slides", "d1", "d2", "d3", "f1", "f2", "h1", **{"CD4,yes": "CD4,no"}
    )
    given = pd.read_csv(results / "thresholds.csv")
    given = given[given["stain"] == "dab"].assign(weak=0.3, moderate=0.6, strong=0.9)
    given.to_csv(tmp_path / "given.csv", index=False)
    summary = _score(slides, results, replace(HERE, thresholds=str(tmp_path / "given.csv")))
    assert summary.n_done_before == 6
    thresholds = read_table(results, "thresholds").set_index(["stain", "marker"])
    assert thresholds.loc[("dab", "cd4"), ["weak", "method"]].tolist() == [0.3, "given"]
    assert "given.csv: controls" in thresholds.loc[("dab", "cd4"), "detail"]
    assert thresholds.loc[("fluorescence", "cd4"), "method"] == "study"
    assert "Treg" not in read_table(results, "cells").columns
    assert read_table(results, "sections").set_index("slide")["cd4_dab_percent_positive"].notna().sum() == 3


def test_the_same_bytes_come_out_of_two_processes_and_of_a_run_that_was_resumed(
    stained_slides_folder: Path, tmp_path: Path
) -> None:
    slides = _some(stained_slides_folder, tmp_path / "slides", "d3", "f1")
    _score(slides, tmp_path / "one", replace(HERE, report=False))
    shutil.copytree(tmp_path / "one", tmp_path / "resumed")
    shutil.rmtree(tmp_path / "resumed" / "slides" / "d3")
    assert _score(slides, tmp_path / "resumed", replace(HERE, report=False)).n_done_before == 1
    _score(slides, tmp_path / "two", Settings(workers=2, report=False, device="cpu"))
    assert _bytes(tmp_path / "resumed") == _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    # Fluorescence of one slide has no threshold of the study: said, and nothing is called positive.
    thresholds = read_table(tmp_path / "one", "thresholds").set_index("stain")
    assert thresholds.loc["fluorescence", "weak"].isna().all()
    assert thresholds.loc["fluorescence", "origin"].str.contains("needs at least 2").all()
    assert "foxp3_is_positive" not in read_table(tmp_path / "one", "cells").columns


def test_without_a_model_for_their_stain_slides_fail_and_the_others_are_scored(
    stained_slides_folder: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models, tmp_path / "models", ignore=shutil.ignore_patterns("nuclei-if-v1"))
    monkeypatch.setattr("histo.nn.zoo.models_folders", lambda: [tmp_path / "models"])
    slides = _some(stained_slides_folder, tmp_path / "slides", "f1", "h1")
    summary = _score(slides, tmp_path / "results", replace(HERE, report=False))
    (failure,) = summary.failures
    assert (failure.slide, failure.reason) == ("f1", "unknown_model")
    assert "nuclei-if-v1" in failure.message
    assert "histo train models/nuclei-if-v1/train.toml" in failure.next_step
    assert read_table(tmp_path / "results", "sections")["slide"].tolist() == ["h1"]
    command = ["score", str(slides), "--design", str(slides / "animals.csv"), "--dry-run"]
    assert main(command) == 1


@pytest.mark.parametrize(
    ("slide", "changed", "reason", "part"),
    [
        ("f1", {"Foxp3=Cy5": "Foxp3=Cy7"}, "invalid_argument", "one of DAPI, Alexa 488, Cy5, ZO1; got 'Cy7'"),
        ("f1", {"Foxp3=Cy5": "Foxp3=9"}, "invalid_argument", "foxp3"),
        ("f1", {"fluorescence,CD4=Alexa 488; Foxp3=Cy5": "dab,CD4"}, "wrong_stain", "not stained as the design"),
        ("d1", {"dab,CD4": "fluorescence,CD4=0"}, "wrong_stain", "transmitted light"),
        ("f1", {"fluorescence,CD4=Alexa 488; Foxp3=Cy5": ","}, "wrong_stain", "haematoxylin and eosin"),
    ],
)
def test_a_slide_that_is_not_what_the_design_says_fails_with_what_to_do(
    slide: str, changed: dict[str, str], reason: str, part: str, stained_slides_folder: Path, tmp_path: Path
) -> None:
    slides = _some(stained_slides_folder, tmp_path / "slides", slide, **changed)
    (failure,) = _score(slides, tmp_path / "results", replace(HERE, report=False)).failures
    assert failure.reason == reason
    assert part in failure.message
    assert failure.next_step


@pytest.mark.parametrize(
    ("rules", "thresholds", "error", "part"),
    [
        ('[phenotypes]\nX = "CD4+ & IL17+"\n', None, InvalidRule, "no slide shows together; there are cd4, foxp3"),
        ('[phenotypes]\nlymphocyte = "CD4+"\n', None, InvalidRule, "mean something else in the tables.*lymphocyte"),
        (None, "marker,weak\ncd4,0.2\n", InvalidArgument, "thresholds cannot be read"),
    ],
)
def test_rules_and_thresholds_that_cannot_be_used_are_refused_before_any_work(
    rules: str | None,
    thresholds: str | None,
    error: type[Exception],
    part: str,
    stained_slides_folder: Path,
    tmp_path: Path,
) -> None:
    settings = HERE
    if rules is not None:
        (tmp_path / "rules.toml").write_text(rules, encoding="utf-8")
        settings = replace(settings, phenotypes=str(tmp_path / "rules.toml"))
    if thresholds is not None:
        (tmp_path / "t.csv").write_text(thresholds, encoding="utf-8")
        settings = replace(settings, thresholds=str(tmp_path / "t.csv"))
    with pytest.raises(error, match=part):
        _score(stained_slides_folder, tmp_path / "results", settings)
    assert not (tmp_path / "results").exists()
