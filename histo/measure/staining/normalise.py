"""Staining over the negative controls and over the control animals of the same batch."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from histo.errors import InvalidArgument, InvalidTable

__all__ = ["normalise_staining"]

_COLUMNS = ("mean_signal", "positive_area_percent", "positive_pixels_per_mm2")
_PIXELS = "positive_pixels_per_mm2"


def normalise_staining(
    table: pd.DataFrame,
    *,
    by: Sequence[str] = ("batch",),
    controls: str = "control",
    negative: str = "negative_control",
    columns: Sequence[str] = _COLUMNS,
) -> pd.DataFrame:
    """Take off what negative controls show, and divide by the mean of the study's control animals, batch by batch.

    Parameters
    ----------
    table : DataFrame
        Rows of the ``staining`` or ``staining_regions`` table, joined with the design: `animal`, the columns `by`,
        `controls` and `columns`; `negative` may be absent.
    by : sequence of str
        Columns that say which rows were stained and exposed together; for ``staining_regions`` with ``region``. None
        for the whole table.
    controls : str
        Column of True and False: of control animals.
    negative : str
        Column of True and False: slides stained without the primary antibody.
    columns : sequence of str
        What to normalise. Fractions, ratios and continuity need none.

    Returns
    -------
    DataFrame
        A copy with ``<column>_over_controls`` of each column: the value less the mean of the batch's negative
        controls (where it has any), over the mean of its control animals, likewise; each animal counts once, by the
        mean of its rows. 1 is as the controls. Negative controls themselves have no such value.

    Raises
    ------
    InvalidTable
        If columns are missing or not of their kind, pictures of different pixel sizes are to be compared by positive
        pixels, a batch has no control animal, or its control animals show no more than its negative controls.

    Notes
    -----
    Positive pixels per mm² over the mean of the controls is the measure of Nouri et al. 2014 (PLoS ONE 9: e106335) for
    zonulin. The control animals of the same batch take out how strongly that batch was stained and exposed; with few
    control animals a batch, their own spread goes into every value of it, so spread the groups over the batches.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "animal": ["a", "b", "c"],
    ...     "batch": ["1", "1", "1"],
    ...     "control": [True, True, False],
    ...     "mean_signal": [90.0, 110.0, 150.0],
    ... })
    >>> normalise_staining(table, columns=["mean_signal"])["mean_signal_over_controls"].tolist()
    [0.9, 1.1, 1.5]
    """
    if not columns or isinstance(columns, str) or isinstance(by, str):
        raise InvalidArgument("columns and by are lists of names", got=f"columns={columns!r}, by={by!r}")
    _check(table, [*by, "animal", *columns], [controls], negative)
    is_negative = table[negative].astype(bool) if negative in table.columns else pd.Series(False, index=table.index)
    is_control = table[controls].astype(bool) & ~is_negative
    if _PIXELS in columns and "pixel_um" in table.columns and len(table["pixel_um"].unique()) > 1:
        raise InvalidTable(
            "positive pixels depend on the size of a pixel",
            expected="one pixel_um in the table",
            got=", ".join(f"{size:g}" for size in sorted(table["pixel_um"].unique())),
            next_step="Compare positive_area_percent, or measure all pictures at one µm/px.",
        )
    normalised = table.copy()
    parts = [*table.groupby(list(by), sort=False, dropna=False)] if by else [((), table)]
    for column in columns:
        normalised[f"{column}_over_controls"] = float("nan")
        for key, own in parts:
            without, controlled = is_negative[own.index], is_control[own.index]
            values = own[column].astype(float)
            if without.any():
                values = values - _mean_of_animals(values[without], own["animal"])
            ground = _mean_of_animals(values[controlled], own["animal"])
            _check_ground(column, key, ground, bool(controlled.any()), controls)
            normalised.loc[own.index, f"{column}_over_controls"] = (values / ground).where(~without)
    return normalised


def _mean_of_animals(values: pd.Series[float], animal: pd.Series[str]) -> float:
    known = values.dropna()
    return float(known.groupby(animal[known.index]).mean().mean()) if len(known) else float("nan")


def _check(table: pd.DataFrame, needed: list[str], flags: list[str], negative: str) -> None:
    missing = [name for name in dict.fromkeys([*needed, *flags]) if name not in table.columns]
    if missing:
        raise InvalidTable("columns are missing", expected=", ".join(missing), got=", ".join(map(str, table.columns)))
    if not table.index.is_unique:
        raise InvalidTable("rows are told apart by the index", expected="each label once", got="labels that repeat")
    for name in [*flags, *([negative] if negative in table.columns else [])]:
        if not table[name].isin([True, False]).all():
            raise InvalidTable(f"column {name} says which rows are controls", expected="True or False")


def _check_ground(column: str, key: object, ground: float, has_controls: bool, controls: str) -> None:
    which = ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
    batch = f"batch {which}" if which else "the table"
    if not has_controls:
        raise InvalidTable(
            f"{batch} has no control animal to compare with",
            expected=f"a row with {controls} True",
            next_step="Name the controls in the design table's column control, or leave batch out of by=.",
        )
    if not ground > 0:
        raise InvalidTable(
            f"the controls of {batch} show no {column} above their negative controls",
            expected="a mean above 0",
            got=f"{ground:.3g}",
            next_step="Check which slides are negative controls, and the threshold.",
        )
