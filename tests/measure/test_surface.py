from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.measure import measure_section
from histo.score import summarise_section

Draw = Callable[..., Any]


def _amplification(labels: LabelMap) -> float:
    return float(summarise_section(measure_section(labels), labels)["surface_amplification"])  # type: ignore[arg-type]


@pytest.mark.parametrize("mpp", [1.0, 2.0])
@pytest.mark.parametrize("turn_deg", [0.0, 25.0])
def test_amplification_is_luminal_length_over_base_length(draw: Draw, mpp: float, turn_deg: float) -> None:
    drawing = draw(length_um=1200.0, turn_deg=turn_deg)
    half = drawing.villus_width_um / 2
    sides = 2 * (drawing.villus_height_um - half) + np.pi * half - 2 * half
    # The strip's cut ends are counted down to the wall.
    luminal = drawing.length_um + drawing.n_villi * sides + 2 * drawing.crypt_zone_um
    assert _amplification(drawing.labels(mpp)) == pytest.approx(luminal / drawing.length_um, rel=0.025)


def test_a_flat_mucosa_has_no_amplification_whatever_the_holes_in_it() -> None:
    array = np.zeros((500, 1500), dtype=np.uint8)
    array[200:350] = Compartment.LAMINA_PROPRIA
    array[350:420] = Compartment.SUBMUCOSA
    array[250:290, ::40] = Compartment.BACKGROUND
    assert _amplification(LabelMap(array, mpp=1.0)) == pytest.approx(1.0, rel=0.02)
