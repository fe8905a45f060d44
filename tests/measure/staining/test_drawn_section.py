"""Against sections of gut in which the protein's place and gaps were drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from histo.measure.staining import StainingMeasures, measure_staining
from histo.phantom.junction import BarrierSpec, DrawnBarrier, draw_barrier_section


def drawn_section(spec: BarrierSpec, stain: str) -> DrawnBarrier:
    wall = replace(spec.section.wall, length_um=260.0)
    return draw_barrier_section(replace(spec, section=replace(spec.section, wall=wall)), mpp=0.5, seed=1, stain=stain)


@pytest.fixture(scope="module")
def occludin() -> tuple[DrawnBarrier, StainingMeasures]:
    """A line with gaps, lateral membranes, cytoplasm, and a rise from crypt base to villus tip."""
    drawn = drawn_section(BarrierSpec.occludin(), "fluorescence")
    return drawn, measure_staining(drawn.image, mpp=0.5, labels=drawn.labels)


def both(section: tuple[DrawnBarrier, StainingMeasures], region: str) -> tuple[pd.Series, pd.Series]:
    drawn, measured = section
    return drawn.regions.set_index("region").loc[region], measured.regions.set_index("region").loc[region]


@pytest.mark.parametrize("region", ["epithelium", "villus_epithelium", "crypt"])
@pytest.mark.parametrize("name", ["apical_fraction", "continuity"])
def test_apical_fraction_and_continuity_are_within_five_per_cent_of_the_truth(
    occludin: tuple[DrawnBarrier, StainingMeasures], region: str, name: str
) -> None:
    truth, found = both(occludin, region)
    assert found[name] == pytest.approx(truth[name], rel=0.05)


def test_membranes_are_told_from_cytoplasm_less_what_the_lens_blurs(
    occludin: tuple[DrawnBarrier, StainingMeasures],
) -> None:
    truth, found = both(occludin, "villus_epithelium")
    assert (
        0.8 * truth["membrane_cytoplasm_ratio"] < found["membrane_cytoplasm_ratio"] < truth["membrane_cytoplasm_ratio"]
    )


def test_rise_along_the_villus_is_found_and_is_no_uneven_light(
    occludin: tuple[DrawnBarrier, StainingMeasures],
) -> None:
    truth, found = both(occludin, "villus_epithelium")
    assert found["gradient"] == pytest.approx(truth["gradient"], abs=0.05)
    assert "uneven" not in occludin[1].field["flags"][0]


def test_profile_runs_from_crypt_base_to_villus_tip(occludin: tuple[DrawnBarrier, StainingMeasures]) -> None:
    profile = occludin[1].profile
    assert profile["region"].tolist() == ["crypt"] * 10 + ["villus_epithelium"] * 10
    assert (profile["axis_from"].iloc[0], profile["axis_to"].iloc[-1]) == (0.0, 1.0)
    np.testing.assert_allclose(profile["axis_from"].iloc[1:], profile["axis_to"].iloc[:-1])


def test_gaps_lie_on_the_slide_and_on_the_axis(occludin: tuple[DrawnBarrier, StainingMeasures]) -> None:
    drawn, measured = occludin
    gaps = measured.gaps[(measured.gaps["region"] == "villus_epithelium") & (measured.gaps["gap_um"] > 5)]
    true = drawn.gaps[drawn.gaps["region"] == "villus_epithelium"][["row", "col"]].to_numpy()
    away = np.linalg.norm(gaps[["row", "col"]].to_numpy()[:, None] - true[None], axis=-1).min(axis=1)
    assert np.mean(away * drawn.mpp < 3.0) > 0.9
    assert gaps["axis"].between(0, 1).mean() > 0.9


def test_dab_gives_the_apical_fraction_and_continuity_of_the_protein() -> None:
    drawn = drawn_section(BarrierSpec.zo1(), "dab")
    measured = measure_staining(drawn.image, mpp=0.5, stain="dab", labels=drawn.labels)
    truth, found = both((drawn, measured), "villus_epithelium")
    for name in ("apical_fraction", "continuity"):
        assert found[name] == pytest.approx(truth[name], rel=0.05)
    assert abs(measured.field["counterstain_leak"][0]) < 0.1


def test_line_that_membranes_hide_is_not_called_broken() -> None:
    drawn = drawn_section(BarrierSpec.cadherin(), "fluorescence")
    measured = measure_staining(drawn.image, mpp=0.5, labels=drawn.labels)
    assert measured.regions["continuity"].isna().all()
    assert measured.gaps.empty
    truth, found = both((drawn, measured), "villus_epithelium")
    assert found["apical_fraction"] == pytest.approx(truth["apical_fraction"], rel=0.05)
