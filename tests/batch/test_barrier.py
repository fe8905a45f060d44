"""Slides stained for proteins of junctions: monolayers and sections, from the design table to the tables of a study."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from PIL import Image

import histo
from histo.batch import RunSummary, Settings, plan, run
from histo.errors import InvalidArgument, UnknownModel
from histo.io.annotations import polygons_from_labels, write_geojson
from histo.io.design import read_design
from histo.io.results import read_table
from histo.nn import JunctionSpec, write_model
from histo.nn.junction_network import build_junction_network
from histo.phantom.junction import BarrierSpec, DrawnBarrier, MonolayerSpec, draw_barrier_section, draw_monolayer
from histo.report.barrier_overlay import GAP_RGB, STAINED_RGB

HERE = Settings(is_isolated=False, device="cpu", report=False)
SECTION_MPP, FIELD_MPP = 1.0, 0.2
DESIGN = """slide,animal,group,stain,marker,preparation,labels,negative_control
m1,a1,control,if,ZO1,monolayer,,
m2,a2,EAE,if,zo-1,En face,,
z1,a1,control,dab,Zonulin,,z1.geojson,
z2,a2,EAE,dab,zonulin,section,z2.geojson,
z3,a1,control,dab,zonulin,,z3.geojson,yes
"""


def _write(path: Path, picture: np.ndarray, mpp: float, channels: tuple[str, ...] = ()) -> None:
    is_rgb = picture.ndim == 3 and not channels
    metadata = {"axes": "YXS" if is_rgb else "CYX"}
    metadata |= {f"PhysicalSize{axis}": mpp for axis in "XY"} | {f"PhysicalSize{axis}Unit": "µm" for axis in "XY"}
    if channels:
        metadata["Channel"] = {"Name": list(channels)}
    planes = picture if is_rgb else np.moveaxis(np.atleast_3d(picture), -1, 0)
    tifffile.imwrite(
        path, planes, ome=True, metadata=metadata, photometric="rgb" if is_rgb else "minisblack", compression="zlib"
    )


def _field(seed: int, gap_fraction: float = 0.1) -> np.ndarray:
    spec = replace(MonolayerSpec.control(), height_um=26.0, width_um=30.0)
    stain = replace(spec.stain, gap_fraction=gap_fraction)
    return draw_monolayer(replace(spec, stain=stain), mpp=FIELD_MPP, seed=seed).image


def _section(seed: int, strength: float) -> DrawnBarrier:
    spec = BarrierSpec.zonulin()
    protein = spec.protein
    section = replace(spec.section, wall=replace(spec.section.wall, length_um=260.0))
    weaker = {name: strength * getattr(protein, name) for name in ("apical", "lateral", "cytoplasm", "patches")}
    return draw_barrier_section(
        replace(spec, section=section, protein=replace(protein, **weaker)), mpp=SECTION_MPP, seed=seed, stain="dab"
    )


@pytest.fixture(scope="session")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two monolayers in fluorescence and three sections in DAB, the last a negative control, and their design."""
    folder = tmp_path_factory.mktemp("barrier")
    for number, gap_fraction in ((1, 0.05), (2, 0.3)):
        picture = _field(number, gap_fraction)
        _write(folder / f"m{number}.ome.tif", np.stack([picture // 2, picture], -1), FIELD_MPP, ("DAPI", "ZO-1"))
    for number, strength in ((1, 1.0), (2, 1.7), (3, 0.0)):
        drawn = _section(number, strength)
        _write(folder / f"z{number}.ome.tif", drawn.image, SECTION_MPP)
        write_geojson(folder / f"z{number}.geojson", polygons_from_labels(drawn.labels))
    (folder / "animals.csv").write_text(DESIGN, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _models(untrained_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No junction model is installed but those of a test."""
    monkeypatch.setattr("histo.nn.zoo.models_folders", lambda: [untrained_models])


@pytest.fixture(scope="session")
def scored(slides: Path, untrained_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("barrier_scored") / "results"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("histo.nn.zoo.models_folders", lambda: [untrained_models])
        summary = _score(slides, results)
    assert summary.failures == ()
    assert any("junctions-v1 is not installed" in note for note in summary.notes)
    return results


def _score(slides: Path, out: Path, settings: Settings = HERE) -> RunSummary:
    return run(plan([slides], read_design(slides / "animals.csv")), out, settings)


def _some(slides: Path, into: Path, *names: str) -> Path:
    """Copy some slides with their rows of the design."""
    into.mkdir()
    for path in slides.iterdir():
        if path.name.partition(".")[0] in names:
            shutil.copy(path, into)
    header, *rows = DESIGN.splitlines()
    kept = [header, *(row for row in rows if row.partition(",")[0] in names)]
    (into / "animals.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return into


def _bytes(results: Path) -> dict[str, bytes]:
    files = [*results.glob("*.parquet"), *results.glob("*.csv"), *(results / "overlays").glob("*.png")]
    return {path.name: path.read_bytes() for path in files}


def test_a_monolayer_is_measured_as_a_picture_in_memory_is(scored: Path, slides: Path) -> None:
    image = tifffile.imread(slides / "m2.ome.tif")[1]
    direct = histo.measure_junctions(image, mpp=FIELD_MPP, model="ridge")
    for name, expected in (("junctions", direct.junctions), ("junction_cells", direct.cells)):
        table = read_table(scored, name)
        found = table[table["slide"] == "m2"].reset_index(drop=True)
        pd.testing.assert_frame_equal(found[expected.columns], expected)
        assert set(found["marker"]) == {"zo-1"}
        assert set(found["animal"]) == {"a2"}
    fields = read_table(scored, "junction_fields").set_index("slide")
    assert fields["gap_fraction"].to_dict().keys() == {"m1", "m2"}
    assert fields.loc["m2", "gap_fraction"] > 2 * fields.loc["m1", "gap_fraction"]
    assert set(fields["seen_by"]) == {"ridge filter"}


def test_sections_are_measured_in_the_epithelium_that_was_drawn(scored: Path) -> None:
    regions = read_table(scored, "staining_regions").set_index(["slide", "region"])
    for number, strength in ((1, 1.0), (2, 1.7)):
        truth = _section(number, strength).regions.set_index("region")
        found = regions.loc[(f"z{number}", "villus_epithelium")]
        assert found["apical_fraction"] == pytest.approx(truth.loc["villus_epithelium", "apical_fraction"], rel=0.1)
        assert found["marker"] == "zonulin"
    sections = read_table(scored, "sections").set_index("slide")
    assert sections.loc["z1", "flags"].split()[0] == "given_labels"
    assert sections.loc["z1", "model"] == "z1.geojson"
    assert sections.loc["z1", "n_villi"] > 0
    assert "monolayer" in sections.loc["m1", "flags"].split()


def test_negative_controls_say_what_is_positive_and_controls_what_is_usual(scored: Path) -> None:
    threshold = read_table(scored, "staining_thresholds").set_index("marker").loc["zonulin"]
    assert threshold[["method", "n_images", "preparation"]].tolist() == ["controls", 1, "section"]
    staining = read_table(scored, "staining").set_index("slide")
    assert staining.loc["z3", "positive_area_percent"] == pytest.approx(1.0, abs=0.1)
    assert staining.loc["z2", "positive_area_percent"] > staining.loc["z1", "positive_area_percent"] > 3
    per_mm2 = staining["positive_area_percent"] / 100 / (SECTION_MPP / 1000) ** 2
    assert np.allclose(staining["positive_pixels_per_mm2"], per_mm2, equal_nan=True)
    above = staining["positive_pixels_per_mm2"] - staining.loc["z3", "positive_pixels_per_mm2"]
    over = staining["positive_pixels_per_mm2_over_controls"]
    assert over["z1"] == pytest.approx(1.0)
    assert over["z2"] == pytest.approx(above["z2"] / above["z1"])
    assert np.isnan(over["z3"])
    assert staining["is_negative_control"].to_dict() == dict.fromkeys(("m1", "m2", "z1", "z2"), False) | {"z3": True}


def test_studies_can_ask_for_what_was_measured_but_not_of_negative_controls(scored: Path) -> None:
    sections = read_table(scored, "sections").set_index("slide")
    has = {
        "zo_1_gap_fraction": {"m1", "m2"},
        "zonulin_apical_fraction": {"z1", "z2"},
        "zonulin_villus_apical_fraction": {"z1", "z2"},
        "zonulin_positive_pixels_per_mm2_over_controls": {"z1", "z2"},
    }
    assert {name: set(sections.index[sections[name].notna()]) for name in has} == has
    assert "zo_1_mean_signal" not in sections  # of a monolayer, which is no amount in tissue
    assert "negative_control" in sections.loc["z3", "flags"].split()


def test_overlays_show_gaps_in_another_colour(scored: Path) -> None:
    counts = {}
    for name in ("m1", "m2"):
        with Image.open(scored / "overlays" / f"{name}_s1.png") as picture:
            pixels = np.asarray(picture).astype(int)[:-60]  # without the legend
        assert picture.width >= 500
        near = {colour: (np.abs(pixels - colour).max(axis=-1) < 40).sum() for colour in (STAINED_RGB, GAP_RGB)}
        counts[name] = near[GAP_RGB] / near[STAINED_RGB]
    assert counts["m2"] > 2 * counts["m1"] > 0


def test_the_same_bytes_come_out_of_two_processes_and_of_a_run_that_was_resumed(
    slides: Path, untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = _some(slides, tmp_path / "slides", "m1", "z1", "z3")
    ridge = replace(HERE, junction_model="ridge")
    _score(some, tmp_path / "one", ridge)
    shutil.copytree(tmp_path / "one", tmp_path / "resumed")
    shutil.rmtree(tmp_path / "resumed" / "slides" / "z3")
    assert _score(some, tmp_path / "resumed", ridge).n_done_before == 2
    monkeypatch.setenv("HISTO_MODELS", str(untrained_models))  # for the other processes
    _score(some, tmp_path / "two", replace(ridge, is_isolated=True, workers=2))
    one = _bytes(tmp_path / "one")
    assert {"junctions.parquet", "staining_regions.csv", "staining_thresholds.csv", "m1_s1.png"} <= one.keys()
    assert _bytes(tmp_path / "resumed") == one == _bytes(tmp_path / "two")


def test_a_run_without_such_slides_leaves_none_of_their_tables(slides: Path, scored: Path, tmp_path: Path) -> None:
    shutil.copytree(scored, tmp_path / "results")
    none = _some(slides, tmp_path / "slides", "z1")
    text = (none / "animals.csv").read_text(encoding="utf-8").replace("dab,Zonulin", "he,")
    (none / "animals.csv").write_text(text, encoding="utf-8")
    _score(none, tmp_path / "results")
    left = {path.stem for path in (tmp_path / "results").glob("*.csv")}
    assert not left & {"junctions", "staining", "staining_thresholds"}


def test_a_saturated_field_is_flagged_or_refused_as_asked(slides: Path, tmp_path: Path) -> None:
    some = _some(slides, tmp_path / "slides", "m1")
    picture = tifffile.imread(some / "m1.ome.tif")
    picture[1][picture[1] > np.percentile(picture[1], 80)] = 65535
    _write(some / "m1.ome.tif", np.moveaxis(picture, 0, -1), FIELD_MPP, ("DAPI", "ZO-1"))
    assert _score(some, tmp_path / "flagged").failures == ()
    assert "saturated" in read_table(tmp_path / "flagged", "sections")["flags"].item().split()
    assert read_table(tmp_path / "flagged", "staining")["saturated_percent"].item() == pytest.approx(20, abs=1)
    (failure,) = _score(some, tmp_path / "refused", replace(HERE, strict_staining=True)).failures
    assert failure.reason == "unusable_staining"
    assert "saturated" in failure.message
    assert "shorter exposure" in failure.next_step


@pytest.mark.parametrize(
    ("slide", "limit", "part", "step"),
    [
        ("m1", "histo.segmentation.junction.signal.MOST_PIXELS", "too large to trace its junctions", "side by side"),
        ("z1", "histo.batch.barrier_picture._MOST_COARSE_PX", "too large to measure its staining", "--staining-mpp"),
    ],
)
def test_what_does_not_fit_the_memory_is_refused_with_what_to_do(
    slide: str, limit: str, part: str, step: str, slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, 10_000)
    some = _some(slides, tmp_path / "slides", slide)
    (failure,) = _score(some, tmp_path / "results").failures
    assert part in failure.message
    assert step in failure.next_step


@pytest.mark.parametrize(
    ("slide", "written", "instead", "reason", "part"),
    [
        ("m1", "if,ZO1", "if,occludin", "invalid_argument", "no such channel for occludin; expected one of DAPI, ZO-1"),
        ("m1", "if,ZO1", "dab,ZO1", "wrong_stain", "not stained as the design"),
        ("z1", "z1.geojson", "lost.geojson", "slide_not_found", "no such file of labels"),
    ],
)
def test_a_slide_that_is_not_what_the_design_says_fails_with_what_to_do(
    slide: str, written: str, instead: str, reason: str, part: str, slides: Path, tmp_path: Path
) -> None:
    some = _some(slides, tmp_path / "slides", slide)
    text = (some / "animals.csv").read_text(encoding="utf-8")
    (some / "animals.csv").write_text(text.replace(written, instead), encoding="utf-8")
    (failure,) = _score(some, tmp_path / "results").failures
    assert failure.reason == reason
    assert part in failure.message
    assert failure.next_step


def test_a_model_sees_the_junctions_where_one_is_installed(
    slides: Path, untrained_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = _some(slides, tmp_path / "slides", "m1")
    assert _score(some, tmp_path / "results").n_failed == 0
    torch.manual_seed(1)
    folder = tmp_path / "models"
    for name in ("junctions-v1", "mine"):
        spec = JunctionSpec(name=name, mpp=0.2, sha256="0" * 64, licence="BSD-3-Clause", trained_on=("drawn fields",))
        write_model(folder / name, build_junction_network().state_dict(), spec)
    monkeypatch.setattr("histo.nn.zoo.models_folders", lambda: [untrained_models, folder])
    seen_by = {}
    for named in (None, "mine", "ridge"):
        summary = _score(some, tmp_path / "results", replace(HERE, junction_model=named))
        assert summary.n_done_before == 0  # another model scores again
        assert not any("not installed" in note for note in summary.notes)
        seen_by[named] = read_table(tmp_path / "results", "junction_fields")["seen_by"].item()
    assert seen_by == {None: "junctions-v1", "mine": "mine", "ridge": "ridge filter"}


@pytest.mark.parametrize(
    ("names", "settings", "error", "part"),
    [
        (("m1",), {"junction_model": "lost"}, UnknownModel, "no model of this name"),
        (("z1",), {"junction_model": "ridge"}, InvalidArgument, "no slide is a monolayer"),
        (("z1",), {"staining_thresholds": "lost.csv"}, InvalidArgument, "thresholds of the staining cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_before_any_work(
    names: tuple[str, ...],
    settings: dict[str, str],
    error: type[Exception],
    part: str,
    slides: Path,
    tmp_path: Path,
) -> None:
    some = _some(slides, tmp_path / "slides", *names)
    with pytest.raises(error, match=part):
        _score(some, tmp_path / "results", replace(HERE, **settings))
    assert not (tmp_path / "results").exists()


def test_thresholds_of_an_earlier_run_judge_the_next_and_score_nothing_again(
    scored: Path, slides: Path, tmp_path: Path
) -> None:
    shutil.copytree(scored, tmp_path / "results")
    given = pd.read_csv(scored / "staining_thresholds.csv")
    given = given[given["marker"] == "zonulin"].assign(positive_above=0.25)
    given.to_csv(tmp_path / "given.csv", index=False)
    summary = _score(slides, tmp_path / "results", replace(HERE, staining_thresholds=str(tmp_path / "given.csv")))
    assert summary.n_done_before == 5
    before, after = (read_table(folder, "staining").set_index("slide") for folder in (scored, tmp_path / "results"))
    assert after.loc["z1", "positive_above"] == pytest.approx(0.25, rel=0.003)
    assert "given by the user, given.csv" in after.loc["z1", "threshold_from"]
    is_lower = before.loc["z1", "positive_above"] < 0.25
    assert (after.loc["z1", "positive_area_percent"] < before.loc["z1", "positive_area_percent"]) == is_lower


def test_a_name_that_is_almost_a_protein_of_junctions_is_pointed_out(slides: Path, tmp_path: Path) -> None:
    some = _some(slides, tmp_path / "slides", "z1")
    text = (some / "animals.csv").read_text(encoding="utf-8").replace("Zonulin", "zonullin")
    (some / "animals.csv").write_text(text, encoding="utf-8")
    notes = plan([some], read_design(some / "animals.csv")).notes
    assert any("'zonullin'" in note and "zonulin, write that" in note for note in notes)
