"""What lens and camera do to a drawn monolayer, and specs that cannot be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from histo.errors import InvalidArgument, MissingPixelSize
from histo.phantom.junction import (
    CameraSpec,
    GroundSpec,
    JunctionStainSpec,
    MonolayerSpec,
    MosaicSpec,
    draw_monolayer,
)


def test_noise_is_that_of_the_photons(even: MonolayerSpec) -> None:
    flat = replace(
        even,
        stain=JunctionStainSpec(unstained=1.0),
        ground=replace(even.ground, background=0.5),
        camera=CameraSpec(photons=200.0, read_noise=5.0, full_scale=2.0, offset=0.0),
    )
    image = draw_monolayer(flat, mpp=0.2).image / 65535 * 2.0 * 200.0
    assert image.mean() == pytest.approx(100.0, rel=0.01)
    assert image.std() == pytest.approx(np.sqrt(100.0 + 25.0), rel=0.03)


def test_few_photons_are_counted_as_poisson_has_them(even: MonolayerSpec) -> None:
    flat = replace(
        even,
        stain=JunctionStainSpec(unstained=1.0),
        ground=replace(even.ground, background=0.5),
        camera=CameraSpec(photons=4.0, read_noise=0.0, full_scale=4.0, offset=0.0),
    )
    image = draw_monolayer(flat, mpp=0.2).image / 65535 * 4.0 * 4.0
    np.testing.assert_allclose(image, np.rint(image), atol=1e-3)
    assert (image < 0.5).mean() == pytest.approx(np.exp(-2), abs=0.01)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_counts_saturate_at_the_bit_depth(bits: int, even: MonolayerSpec) -> None:
    spec = replace(even, camera=CameraSpec(full_scale=0.3, bits=bits))
    image = draw_monolayer(spec, mpp=0.2).image
    assert image.dtype == np.uint16
    assert image.max() == 2**bits - 1
    assert (image == image.max()).mean() > 0.01


def test_blur_widens_bands_and_keeps_their_light(even: MonolayerSpec) -> None:
    sharp = draw_monolayer(even, mpp=0.2, seed=1)
    soft = draw_monolayer(replace(even, camera=CameraSpec(blur_um=0.6)), mpp=0.2, seed=1)
    assert soft.signal.max() < 0.6 * sharp.signal.max()
    assert soft.signal.sum() == pytest.approx(sharp.signal.sum(), rel=0.02)
    assert (soft.junctions.width_um > 2 * sharp.junctions.width_um).all()
    assert soft.junctions.band_um.tolist() == sharp.junctions.band_um.tolist()


def test_light_from_out_of_focus_is_no_light_of_the_junctions(even: MonolayerSpec) -> None:
    plain = even
    hazy = replace(plain, ground=replace(plain.ground, bleed=1.0, bleed_um=2.0))
    one, other = draw_monolayer(plain, mpp=0.2), draw_monolayer(hazy, mpp=0.2)
    np.testing.assert_array_equal(one.signal, other.signal)
    inside = np.s_[30:-30, 30:-30]
    full_scale = plain.camera.full_scale / 65535 / (1 - plain.camera.offset)
    extra = (other.image[inside].astype(float) - one.image[inside]).mean() * full_scale
    assert extra == pytest.approx(one.signal[inside].mean(), rel=0.1)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"height_um": 0.0}, "height_um=0.0"),
        ({"width_um": float("inf")}, "width_um=inf"),
        ({"mosaic": MosaicSpec(cell_um=-1.0)}, "mosaic.cell_um=-1.0"),
        ({"mosaic": MosaicSpec(irregularity=1.5)}, "mosaic.irregularity=1.5"),
        ({"mosaic": MosaicSpec(left_out=0.5)}, "mosaic.left_out=0.5"),
        ({"stain": JunctionStainSpec(gap_fraction=0.95)}, "stain.gap_fraction=0.95"),
        ({"stain": JunctionStainSpec(gap_um=0.0)}, "stain.gap_um=0.0"),
        ({"stain": JunctionStainSpec(band_um=float("nan"))}, "stain.band_um=nan"),
        ({"ground": GroundSpec(cloud=-0.1)}, "ground.cloud=-0.1"),
        ({"camera": CameraSpec(bits=24)}, "camera.bits=24"),
        ({"camera": CameraSpec(photons=0.0), "height_um": -3.0}, "height_um=-3.0, camera.photons=0.0"),
    ],
)
def test_specs_that_cannot_be_drawn_say_what_is_wrong(change: dict[str, object], part: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be drawn") as caught:
        replace(MonolayerSpec(), **change)  # type: ignore[arg-type]
    assert part in str(caught.value)


def test_an_unknown_stain_and_a_wrong_pixel_size_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="fluorescence or dab"):
        draw_monolayer(MonolayerSpec(), stain="he")  # type: ignore[arg-type]
    with pytest.raises(MissingPixelSize):
        draw_monolayer(MonolayerSpec(), mpp=0.0)
