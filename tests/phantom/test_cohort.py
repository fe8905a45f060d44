from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from histo.errors import InvalidArgument
from histo.phantom import Arm, CohortSpec, SectionSpec, draw_cohort, draw_section, write_slide

from .conftest import short


def test_cohort_has_a_slide_and_a_row_for_every_section_and_its_effects(tmp_path: Path) -> None:
    arms = (Arm("control", 0), Arm("EAE", 14, {"crypt_depth_um": 1.5}))
    spec = CohortSpec(
        arms=arms, n_animals=2, n_sections=2, segments=("ileum",), base=short(SectionSpec.mouse(), 400), mpp=2.0
    )
    seen: list[int] = []
    truth = draw_cohort(tmp_path, spec, seed=1, progress=lambda done, total: seen.append(done * total))
    design = pd.read_csv(tmp_path / "animals.csv")
    assert sorted(path.name.removesuffix(".ome.tif") for path in tmp_path.glob("*.tif")) == sorted(design.slide)
    assert len(design) == 8
    assert design.groupby("animal").group.nunique().max() == 1
    depth = truth.groupby("group").crypt_depth_um.mean()
    assert depth["EAE"] / depth["control"] == pytest.approx(1.5, rel=0.15)
    assert seen[-1] == 64


def test_names_of_slides_do_not_tell_the_group(tmp_path: Path) -> None:
    spec = CohortSpec(n_animals=3, n_sections=1, segments=("jejunum",), base=short(SectionSpec.mouse(), 250), mpp=4.0)
    truth = draw_cohort(tmp_path, spec, seed=5)
    in_order = truth.sort_values("animal").drop_duplicates("animal").timepoint.tolist()
    assert in_order != sorted(in_order)
    assert not truth.slide.str.contains("control|EAE").any()


def test_slide_is_a_pyramid_that_carries_its_pixel_size(tmp_path: Path) -> None:
    drawn = draw_section(short(SectionSpec.mouse(), 800), mpp=0.8)
    path = write_slide(tmp_path / "a.ome.tif", drawn)
    with tifffile.TiffFile(path) as file:
        assert 'PhysicalSizeX="0.8"' in (file.ome_metadata or "")
        levels = file.series[0].levels
        assert len(levels) > 1
        assert levels[0].shape == drawn.image.shape
        assert np.abs(levels[0].asarray().astype(int) - drawn.image).mean() < 4, "JPEG is near the picture"


def test_fluorescence_slide_keeps_every_channel_exactly(tmp_path: Path) -> None:
    drawn = draw_section(short(SectionSpec.mouse(), 300), mpp=1.0, stain="fluorescence")
    path = write_slide(tmp_path / "a.ome.tif", drawn, ("dapi", "cd4", "foxp3", "zo1"))
    with tifffile.TiffFile(path) as file:
        np.testing.assert_array_equal(np.moveaxis(file.series[0].levels[0].asarray(), 0, -1), drawn.image)
        assert 'Name="foxp3"' in (file.ome_metadata or "")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Arm("EAE", 7, {"villus_hight_um": 1.2}), "villus_hight_um"),
        (lambda: replace(CohortSpec(), segments=("colon",)), "colon"),
    ],
)
def test_impossible_cohorts_are_refused(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidArgument, match=message):
        make()
