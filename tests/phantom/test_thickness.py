from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from histo.phantom import SectionSpec, draw_section, draw_truth


def _even(shape: str = "strip", **wall: float) -> SectionSpec:
    spec = SectionSpec.mouse(shape)  # type: ignore[arg-type]
    length = {"strip": 900.0, "ring": 4700.0}[shape]
    return replace(spec, wall=replace(spec.wall, length_um=length, variation=0.0, **wall))


def test_the_truth_alone_is_that_of_the_picture() -> None:
    spec = _even()
    drawn, truth = draw_section(spec, mpp=2.0, seed=4), draw_truth(spec, mpp=2.0, seed=4)
    np.testing.assert_array_equal(truth.labels.array, drawn.labels.array)
    for name in ("villi", "crypts", "layers"):
        pd.testing.assert_frame_equal(getattr(truth, name), getattr(drawn, name))


@pytest.mark.parametrize("shape", ["strip", "ring"])
@pytest.mark.parametrize("mpp", [1.0, 4.0])
def test_an_even_wall_is_as_thick_as_asked_for(shape: str, mpp: float) -> None:
    spec = _even(shape)
    layers = draw_truth(spec, mpp=mpp, seed=1).layers
    assert layers["submucosa_um"].to_numpy() == pytest.approx(spec.wall.submucosa_um)
    assert layers["muscularis_um"].dropna().to_numpy() == pytest.approx(spec.wall.muscularis_um, rel=0.003)
    assert layers["muscularis_um"].isna().mean() < 0.05


def test_turning_the_wall_leaves_the_truth_as_it_is() -> None:
    spec = replace(SectionSpec.human(), wall=replace(SectionSpec.human().wall, length_um=1500.0))
    upright, turned = (draw_truth(replace(spec, rotation_deg=turn), mpp=4.0, seed=2).layers for turn in (0.0, 60.0))
    for layer in ("mucosa_um", "crypt_zone_um", "submucosa_um", "muscularis_um"):
        assert turned[layer].to_numpy() == pytest.approx(upright[layer].to_numpy(), rel=1e-6, nan_ok=True)


def test_a_muscle_of_uneven_thickness_has_a_truth_almost_everywhere() -> None:
    spec = replace(SectionSpec.human(), wall=replace(SectionSpec.human().wall, variation=0.3, bend_deg=0.0))
    layers = draw_truth(spec, mpp=4.0, seed=0).layers
    assert layers["muscularis_um"].std() > 20.0
    assert layers["muscularis_um"].notna().mean() > 0.9


def test_a_mucosa_without_villi_is_the_crypt_zone_and_its_epithelium() -> None:
    spec = _even()
    bare = replace(spec, villi=replace(spec.villi, missing=1.0))
    layers = draw_truth(bare, mpp=2.0, seed=0).layers
    surface = layers["mucosa_um"] - layers["crypt_zone_um"]
    assert surface.to_numpy() == pytest.approx(0.5 * spec.villi.epithelium_um)


def test_the_mucosa_is_as_high_as_the_tips_over_the_valleys_too() -> None:
    spec = _even()
    straight = replace(
        spec, villi=replace(spec.villi, height_cv=0.0, lean_deg=0.0, bend_deg=0.0, height_um=300.0, waviness=0.0)
    )
    layers = draw_truth(straight, mpp=2.0, seed=0).layers
    above = layers["mucosa_um"] - layers["crypt_zone_um"]
    assert above.to_numpy() == pytest.approx(300.0, rel=0.02)
