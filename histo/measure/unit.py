"""Paired units: an accepted villus with the accepted crypts at its foot."""

from __future__ import annotations

import numpy as np
import pandas as pd

from histo.schema import UNITS, check_table, empty_table

__all__ = ["measure_units"]

_REACH = 0.6
_MIN_REACH_UM = 40.0
_MAX_REACH_UM = 200.0


def measure_units(villi: pd.DataFrame, crypts: pd.DataFrame) -> pd.DataFrame:
    """Pair each accepted villus with the accepted crypts at its foot.

    A crypt stands at a villus's foot when, along the wall, its mouth lies within 0.6 of the median distance between
    neighbouring villi from the villus's base; a crypt midway between two villi belongs to both, as it does for a hand
    measurer. The unit's crypt depth is the mean of its crypts.

    Parameters
    ----------
    villi, crypts : DataFrame
        Tables of `measure_villi` and `measure_crypts` of one section.

    Returns
    -------
    DataFrame
        Columns of the units table without the identity; villi without a crypt at their foot have no row.
    """
    villi = villi[villi["is_accepted"] & villi["position_um"].notna()].sort_values("position_um", kind="stable")
    crypts = crypts[crypts["is_accepted"] & crypts["position_um"].notna()].sort_values("position_um", kind="stable")
    if villi.empty or crypts.empty:
        return empty_table(UNITS.columns)
    base = villi["position_um"].to_numpy()
    mouth = crypts["position_um"].to_numpy()
    depth = crypts["crypt_depth_um"].to_numpy()
    names = crypts["crypt_id"].to_numpy()
    reach = _reach_um(base)
    first = np.searchsorted(mouth, base - reach, side="left")
    last = np.searchsorted(mouth, base + reach, side="right")
    rows: list[dict[str, object]] = []
    for i in np.flatnonzero(last > first):
        at_foot = slice(first[i], last[i])
        height, mean_depth = float(villi["villus_height_um"].iloc[i]), float(depth[at_foot].mean())
        rows.append(
            {
                "unit_id": f"u{len(rows) + 1}",
                "villus_id": villi["villus_id"].iloc[i],
                "crypt_ids": " ".join(names[at_foot]),
                "villus_height_um": height,
                "crypt_depth_um": mean_depth,
                "vh_cd": height / mean_depth,
                "position_um": float(base[i]),
            }
        )
    return check_table(pd.DataFrame(rows), UNITS.columns) if rows else empty_table(UNITS.columns)


def _reach_um(base: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if len(base) < 2:
        return _MAX_REACH_UM / 2
    return float(np.clip(_REACH * np.median(np.diff(base)), _MIN_REACH_UM, _MAX_REACH_UM))
