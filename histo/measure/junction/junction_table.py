"""One row a junction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from histo.measure.junction.inclusion import inclusion_weight
from histo.measure.junction.light import Light, field_contrast, read_light
from histo.measure.junction.network import Junction, JunctionNetwork
from histo.measure.junction.region import Whereabouts
from histo.measure.junction.run import Runs, find_runs
from histo.measure.junction.settings import MeasureSettings
from histo.schema import JUNCTIONS, check_table, empty_table

__all__ = ["tabulate_junctions"]

# What rises over half of the usual contrast of the field is stained, as with the width at half maximum.
_MARKED = 0.5


def tabulate_junctions(
    network: JunctionNetwork,
    signal: NDArray[np.floating],
    settings: MeasureSettings,
    places: Whereabouts | None = None,
) -> pd.DataFrame:
    """Measure every junction; columns as `histo.schema.JUNCTIONS` says.

    Parameters
    ----------
    network : JunctionNetwork
        The curves.
    signal : (rows, cols) array
        What shines along them.
    settings : MeasureSettings
        How far is read, and what is too short.
    places : Whereabouts, optional
        Their compartments; the usual contrast is then that of the junctions of epithelium.

    Returns
    -------
    DataFrame
    """
    junctions = network.junctions
    if not junctions:
        return empty_table(JUNCTIONS.columns)
    mpp = network.mpp
    spline = ndimage.spline_filter(signal, order=3, output=np.float64, mode="nearest")
    lights = [read_light(spline, junction, mpp, settings) for junction in junctions]
    runs = [find_runs(junction, mpp, settings.least_run_um) for junction in junctions]
    table = pd.DataFrame([_form(number, junction, network) for number, junction in enumerate(junctions, start=1)])
    table = table.join(pd.DataFrame([_gaps(one) for one in runs])).join(_light_columns(lights, settings, places))
    table["compartment"] = "" if places is None else places.junctions
    return check_table(table, JUNCTIONS.columns)


def _form(number: int, junction: Junction, network: JunctionNetwork) -> dict[str, object]:
    mpp = network.mpp
    start, end = junction.points[0], junction.points[-1]
    length, chord = junction.length * mpp, float(np.hypot(*(end - start))) * mpp
    extent = np.ptp(junction.points, axis=0)
    return {
        "junction_id": f"j{number}",
        "cell_a": min(junction.cells),
        "cell_b": max(junction.cells),
        "length_um": length,
        "chord_um": chord,
        "straightness": min(chord / length, 1.0) if length > 0 else np.nan,
        "tortuosity": max(length / chord, 1.0) if chord > 0 else np.nan,
        "is_whole": junction.is_whole,
        "inclusion_weight": inclusion_weight((extent[0], extent[1]), network.shape) if junction.is_whole else 0.0,
        "start_row": start[0],
        "start_col": start[1],
        "end_row": end[0],
        "end_col": end[1],
    }


def _gaps(runs: Runs) -> dict[str, float]:
    lengths = runs.gap_lengths_um
    return {
        "continuity": runs.continuity,
        "n_gaps": len(lengths),
        "gap_length_um": float(lengths.sum()),
        "gap_spacing_um": runs.gap_spacing_um,
    }


def _light_columns(lights: Sequence[Light], settings: MeasureSettings, places: Whereabouts | None) -> pd.DataFrame:
    band = settings.band_um
    judged = list(lights if places is None else compress(lights, places.is_epithelial))
    threshold = _MARKED * field_contrast(judged)
    rows = []
    for light in lights:
        occupancy, density = light.filling(band, threshold)
        rows.append({
            "width_um": light.width_um,
            "mean_intensity": light.mean_rise(band),
            "integrated_intensity": light.total_rise(settings.background_um),
            "background": light.background,
            "interface_occupancy": occupancy,
            "cluster_density": density,
        })  # fmt: skip
    return pd.DataFrame(rows)
