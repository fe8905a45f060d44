"""Agreement with the truth as people compare it: one row a field, one column a compartment."""

from __future__ import annotations

import pandas as pd

__all__ = ["dice_table"]

_SHOWN = ("villus", "crypt", "lamina_propria", "submucosa", "muscularis", "tissue")


def dice_table(judged: pd.DataFrame, column: str) -> pd.DataFrame:
    """Set the Dice of the main compartments side by side.

    Parameters
    ----------
    judged : DataFrame
        One row per `source`, `field` and `compartment`; rows of the field ``all`` are passed over.
    column : str
        Which Dice.

    Returns
    -------
    DataFrame
        One row per field in the given order, then the mean over fields; empty where a field has no such compartment.
    """
    fields = judged[(judged["field"] != "all") & judged["compartment"].isin(_SHOWN)]
    wide = fields.pivot_table(index=["source", "field"], columns="compartment", values=column, sort=False)
    wide = wide.reindex(columns=[name for name in _SHOWN if name in wide.columns])
    mean = wide.mean().to_frame().T
    mean.index = pd.MultiIndex.from_tuples([("", "mean")], names=wide.index.names)
    return pd.concat([wide, mean]).reset_index()
