"""The whole gut of an animal: the mean of its segments, so that a question can be asked once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from histo.study.level.arm import segments_of

__all__ = ["WHOLE_GUT", "places_of", "where", "with_whole_gut"]

WHOLE_GUT = "whole gut"
"""What stands in the column segment for an animal's mean over its segments."""

_WHOSE = ["animal", "group", "timepoint", "endpoint"]


def with_whole_gut(animals: pd.DataFrame) -> pd.DataFrame:
    """Add to the ``animals`` table a row for each animal's whole gut: the unweighted mean of its segments.

    Segments differ (villi are lower in the ileum), so only an animal with a value in every segment in which anybody has
    one gets a mean; another one gets the row without a value and with a note. A study of one segment stays as it is.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.

    Examples
    --------
    >>> key = {"group": "EAE", "timepoint": "7", "endpoint": "crypt_depth_um", "n_sections": 2}
    >>> rows = [("m1", "ileum", 90.0), ("m1", "jejunum", 110.0), ("m2", "ileum", 95.0)]
    >>> table = pd.DataFrame([{"animal": a, "segment": s, "value": v, **key} for a, s, v in rows])
    >>> with_whole_gut(table).query("segment == 'whole gut'")["value"].tolist()
    [100.0, nan]
    """
    if animals["segment"].nunique() < 2:
        return animals
    n_wanted = animals[animals["value"].notna()].groupby("endpoint")["segment"].nunique()
    grouped = animals.groupby(_WHOSE, sort=False)
    whole = grouped.agg(value=("value", "mean"), n_found=("value", "count"), n_sections=("n_sections", "sum"))
    whole = whole.reset_index()
    is_whole = whole["n_found"] == whole["endpoint"].map(n_wanted).fillna(0)
    whole["value"] = whole["value"].where(is_whole & (whole["n_found"] > 0), np.nan)
    whole["note"] = np.where(is_whole, "", "a segment that others have is missing, so there is no mean over segments")
    whole = whole.drop(columns="n_found").assign(segment=WHOLE_GUT, sd=np.nan, n_dropped=0)
    return pd.concat([animals, whole[[name for name in whole.columns if name in animals.columns]]], ignore_index=True)


def places_of(animals: pd.DataFrame) -> list[str]:
    """List the segments of a table, the whole gut first where there is more than one."""
    segments = [segment for segment in segments_of(animals) if segment != WHOLE_GUT]
    return [WHOLE_GUT, *segments] if len(segments) > 1 else segments


def where(segment: str) -> str:
    """Say in a sentence where something was measured.

    Examples
    --------
    >>> where("ileum"), where("whole gut"), where("")
    (' in the ileum', ' over the whole gut', '')
    """
    if not segment:
        return ""
    return " over the whole gut" if segment == WHOLE_GUT else f" in the {segment}"
