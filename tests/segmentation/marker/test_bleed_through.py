from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.segmentation.marker import BleedThrough, correct_bleed_through, estimate_bleed_through


def single_stain(share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A stain in its own channel and in another one, over a background, with noise."""
    rng = np.random.default_rng(seed)
    stained = np.where(rng.random((100, 100)) < 0.3, 800.0, 0.0)
    return stained + 50 + rng.normal(0, 20, stained.shape), share * stained + 90 + rng.normal(0, 20, stained.shape)


def controls(green_in_red: float, red_in_green: float) -> dict[str, dict[str, np.ndarray]]:
    green, seen_in_red = single_stain(green_in_red, 1)
    red, seen_in_green = single_stain(red_in_green, 2)
    return {"green": {"green": green, "red": seen_in_red}, "red": {"red": red, "green": seen_in_green}}


def test_shares_are_read_off_single_stain_controls():
    found = estimate_bleed_through(controls(0.25, 0.08))
    assert found.names == ("green", "red")
    assert found.matrix == pytest.approx(np.array([[1, 0.08], [0.25, 1]]), abs=0.01)


def test_a_channel_darker_under_another_stain_counts_as_no_bleed_through():
    assert estimate_bleed_through(controls(-0.2, 0.0)).matrix[1, 0] == 0


def test_correction_undoes_what_the_shares_did():
    rng = np.random.default_rng(0)
    true = {name: rng.uniform(0, 100, (20, 20)) for name in ("a", "b", "c")}
    bleed = BleedThrough(("a", "b", "c"), ((1, 0.1, 0), (0.3, 1, 0.05), (0, 0.2, 1)))
    mixed = np.tensordot(bleed.matrix, np.stack([true[name] for name in "abc"]), axes=1)
    found = correct_bleed_through(dict(zip("abc", mixed, strict=True)), bleed)
    for name in "abc":
        assert found[name] == pytest.approx(true[name], abs=1e-3)


def test_channels_that_the_table_does_not_name_stay():
    bleed = BleedThrough(("a",), ((1.0,),))
    found = correct_bleed_through({"a": np.ones((2, 2)), "dapi": np.full((2, 2), 5.0)}, bleed)
    assert found["dapi"].tolist() == [[5, 5], [5, 5]]


WRONG = [
    ((("a", "b"), ((1, 0),)), "square table"),
    ((("a", "a"), ((1, 0), (0, 1))), "differently named"),
    ((("a", "b"), ((0.9, 0), (0, 1))), "1 of a stain in its own"),
    ((("a", "b"), ((1, -0.1), (0, 1))), "0 to 1"),
    ((("a", "b"), ((1, 1), (1, 1))), "look the same"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_a_table_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(InvalidArgument, match=message):
        BleedThrough(*arguments)


def test_an_absent_channel_is_named():
    with pytest.raises(InvalidArgument, match="expected b"):
        correct_bleed_through({"a": np.ones((2, 2))}, BleedThrough(("a", "b"), ((1, 0), (0, 1))))


def test_a_control_without_a_channel_or_without_stain_is_refused():
    green, red = single_stain(0.1, 0)
    with pytest.raises(InvalidArgument, match="lacks channels"):
        estimate_bleed_through({"green": {"green": green}, "red": {"red": red, "green": green}})
    with pytest.raises(InvalidArgument, match="shows nothing"):
        estimate_bleed_through({"green": {"green": np.ones((5, 5))}})
    with pytest.raises(InvalidArgument, match="differ in shape"):
        estimate_bleed_through({"green": {"green": green, "red": red[:5]}, "red": {"green": green, "red": red}})
