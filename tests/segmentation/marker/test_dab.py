from __future__ import annotations

import logging

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.segmentation.marker import nuclear_density, render_nuclei
from histo.stain import HAEMATOXYLIN_DAB, HAEMATOXYLIN_EOSIN, DabStain, StainVectors, combine, dab_density, describe_dab

SIZE = 240


def drawn(vectors: StainVectors, *, second: float, white: float = 240.0) -> np.ndarray:
    """Sixteen discs on glass: the left half in the first stain, the right half in the second."""
    rows, cols = np.mgrid[:SIZE, :SIZE]
    disc = np.hypot(rows % 60 - 30, cols % 60 - 30) < 20
    amounts = np.zeros((SIZE, SIZE, 2))
    amounts[disc & (cols < SIZE / 2), 0] = 0.6
    amounts[disc & (cols >= SIZE / 2), 1] = second
    amounts[disc & (cols >= SIZE / 2), 0] = 0.1 if second else 0.6
    rng = np.random.default_rng(1)
    return combine(np.clip(amounts + rng.normal(0, 0.01, amounts.shape), 0, None), vectors, white=(white,) * 3)


def test_the_slides_own_colours_are_taken_when_they_are_near_the_published_ones():
    turned = StainVectors(("haematoxylin", "dab"), ((0.60, 0.72, 0.35), (0.33, 0.58, 0.74)))
    stain = describe_dab(drawn(turned, second=0.9))
    assert stain.is_estimated
    assert stain.remark == ""
    # The fan's edge is where the disc's slight blue has been left aside.
    assert np.dot(stain.vectors.vectors[1], turned.vectors[1]) > np.cos(np.radians(5))


def test_densities_are_those_drawn():
    image = drawn(HAEMATOXYLIN_DAB, second=0.9)
    density = dab_density(image, DabStain(white=(240, 240, 240)))
    assert density.haematoxylin[30, 30] == pytest.approx(0.6, abs=0.04)
    assert density.dab[30, 30] == pytest.approx(0.0, abs=0.04)
    assert density.dab[30, 210] == pytest.approx(0.9, abs=0.04)


def test_a_slide_without_brown_falls_back_to_published_colours_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        stain = describe_dab(drawn(HAEMATOXYLIN_DAB, second=0.0))
    assert not stain.is_estimated
    assert stain.vectors == HAEMATOXYLIN_DAB
    assert stain.remark in caplog.text
    assert stain.remark != ""


def test_eosin_is_not_taken_for_dab():
    stain = describe_dab(drawn(HAEMATOXYLIN_EOSIN, second=0.9))
    assert not stain.is_estimated
    assert stain.remark in ("no_brown", "unlike_reference")


def test_a_nucleus_all_brown_is_as_dark_as_a_blue_one():
    density = dab_density(drawn(HAEMATOXYLIN_DAB, second=0.9))
    nuclear = nuclear_density(density)
    assert nuclear[30, 30] > 0.8
    assert nuclear[30, 210] > 0.8
    assert nuclear[0, 0] < 0.05
    rendered = render_nuclei(nuclear)
    assert rendered[30, 210].sum() < 300
    assert rendered[0, 0].sum() > 650


def test_nuclei_black_with_dab_do_not_make_blue_ones_pale():
    image = drawn(HAEMATOXYLIN_DAB, second=0.9)
    expected = describe_dab(image).strengths[0]
    rows, cols = np.mgrid[:SIZE, :SIZE]
    black = np.hypot(rows % 60 - 30, cols % 60 - 30) < 20
    image[black & (cols >= SIZE / 2) & (rows > SIZE / 2)] = (10, 8, 12)
    assert describe_dab(image).strengths[0] == pytest.approx(expected, rel=0.1)


def test_brown_membranes_are_no_nuclei():
    density = dab_density(drawn(HAEMATOXYLIN_DAB, second=0.9))
    nuclear = nuclear_density(density, is_nuclear=False)
    assert nuclear[30, 30] > 0.8
    assert nuclear[30, 210] < 0.3


def test_a_stain_without_strength_is_refused():
    with pytest.raises(InvalidArgument, match="positive strength"):
        DabStain(strengths=(0.0, 1.0))


REAL = [
    ("ihc-deepliif/34_3.png", True),
    ("ihc-deepliif/6_2.png", True),
    ("ihc-deepliif/ROI_1.jpg", True),
    ("ihc-he-qupath/OS-2-vsi.ome.tif", True),
    ("ihc-he-qupath/OS-1-detail.ome.tif", False),
]


@pytest.mark.parametrize(("name", "is_dab"), REAL)
def test_real_slides_are_told_apart_by_their_brown(real_data, name, is_dab):
    from skimage.io import imread

    path = real_data / name
    if not path.is_file():
        pytest.skip(f"no {path}")
    assert describe_dab(imread(path)[..., :3]).is_estimated == is_dab


def test_a_negative_control_has_the_densities_of_its_run_only_in_the_colours_of_its_run(caplog):
    turned = StainVectors(("haematoxylin", "dab"), ((0.60, 0.72, 0.35), (0.33, 0.58, 0.74)))
    stained, control = drawn(turned, second=0.9), drawn(turned, second=0.0)
    run = describe_dab(stained).vectors
    blue = (30, 30)
    with caplog.at_level(logging.WARNING):
        given = describe_dab(control, vectors=run)
    assert caplog.text == ""
    assert (given.vectors, given.is_estimated, given.remark) == (run, False, "given")
    assert given.white == describe_dab(control).white
    of_study = dab_density(stained, describe_dab(stained)).dab[blue]
    assert dab_density(control, given).dab[blue] == pytest.approx(of_study, abs=0.03)
    assert abs(dab_density(control, describe_dab(control)).dab[blue] - of_study) > 0.05
