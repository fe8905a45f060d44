from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from histo.errors import InvalidArgument, NoThreshold
from histo.measure.staining import StainThreshold, stain_threshold_from_controls, stain_threshold_from_study


def field(seed: int, *, tissue: float = 30.0, stained: float = 0.0, share: float = 0.1) -> NDArray[np.uint16]:
    """A field, half of it tissue of some glow, a share of it stained."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(100, 4, (120, 200))
    drawn[:, 100:] += tissue
    drawn[:, : round(200 * share)] += stained
    return np.clip(drawn, 0, 65534).astype(np.uint16)


def test_threshold_lies_above_the_glow_of_unstained_tissue() -> None:
    threshold = stain_threshold_from_controls([field(0), field(1)], mpp=0.5)
    # 30 of tissue and, of its half, the upper 2 % of noise.
    assert threshold.positive_above == pytest.approx(30 + 2.05 * 4, abs=1.5)
    assert threshold.origin.endswith("percentile of the pixels of negative controls, percentile 99, 2 pictures")


def test_each_control_counts_alike_whatever_its_size() -> None:
    dim, bright = field(0, tissue=20.0), field(1, tissue=60.0)
    both = stain_threshold_from_controls([dim, bright], mpp=0.5, percentile=80)
    uneven = stain_threshold_from_controls([dim, np.tile(bright, (4, 1))], mpp=0.5, percentile=80)
    assert uneven.positive_above == pytest.approx(both.positive_above, rel=0.02)


def test_study_is_parted_between_its_two_groups() -> None:
    fields = [field(seed, tissue=0.0, stained=900.0, share=share) for seed, share in enumerate((0.05, 0.3))]
    threshold = stain_threshold_from_study(fields, mpp=0.5)
    assert 50 < threshold.positive_above < 850
    assert threshold.method == "study"


def test_study_without_stain_has_no_threshold() -> None:
    with pytest.raises(NoThreshold, match=r"no two groups.*Use negative controls"):
        stain_threshold_from_study([field(0, tissue=5.0), field(1, tissue=5.0)], mpp=0.5, background=0.0)


INVALID: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    ([], {}, InvalidArgument, "needs controls"),
    ([field(0)], {"percentile": 100.0}, InvalidArgument, "upper half"),
    ([field(0)], {"percentile": 20.0}, InvalidArgument, "upper half"),
    ([field(0)[:10, :10]], {}, NoThreshold, "too few"),
    ([np.full((100, 100), 7, np.uint16)], {}, NoThreshold, "no signal"),
    ([np.zeros((50, 50, 3), np.uint8)], {}, InvalidArgument, "one channel at a time"),
]


@pytest.mark.parametrize(("controls", "options", "error", "message"), INVALID)
def test_invalid_controls_are_named(
    controls: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        stain_threshold_from_controls(controls, mpp=0.5, **options)


def test_a_study_is_more_than_one_picture() -> None:
    with pytest.raises(InvalidArgument, match=r"2 or more; got 1"):
        stain_threshold_from_study([field(0)], mpp=0.5)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_lies_above_the_background(value: float) -> None:
    with pytest.raises(InvalidArgument, match="above the background"):
        StainThreshold(value)
