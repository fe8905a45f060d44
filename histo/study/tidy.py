"""The animals of a study for other programs: one long table for R, and grouped tables as GraphPad Prism takes them."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from histo.io.atomic import write_atomically
from histo.study.level.arm import arms_of, segments_of
from histo.study.level.endpoint import endpoint_named

__all__ = ["prism_table", "tidy_table", "write_tidy"]

_COVARIATES = ("batch", "sex", "cage", "weight_g", "clinical_score", "na_f", "fitc_bsa", "fitc_dextran")


def tidy_table(animals: pd.DataFrame, sections: pd.DataFrame) -> pd.DataFrame:
    """Arrange the animals as one long table: one row an animal, timepoint, segment and endpoint.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    sections : DataFrame
        The ``sections`` table, for what the design says of the animals: batch, sex, cage, weight, clinical score,
        permeability. A covariate of which one animal has several values at a timepoint, as of a slide's batch, is given
        where all agree.

    Returns
    -------
    DataFrame
        animal, group, timepoint, segment, endpoint, unit, value, n_sections, and the covariates that the study has.
        Animals without a value keep their row, empty.
    """
    columns = ["animal", "group", "timepoint", "segment", "endpoint", "value", "n_sections"]
    long = animals[columns].copy()
    long.insert(5, "unit", [endpoint_named(str(name)).unit for name in long["endpoint"]])
    known = sections[sections["animal"] != ""]
    names = [name for name in _COVARIATES if name in known.columns and known[name].notna().any()]
    if not names:
        return long
    by_animal = known.groupby(["animal", "timepoint"])[names].agg(_agreed)
    return long.merge(by_animal.reset_index(), on=["animal", "timepoint"], how="left")


def prism_table(animals: pd.DataFrame, endpoint: str, reference: str = "") -> pd.DataFrame:
    """Arrange one endpoint as a grouped table: segments are rows, arms are columns, animals are side by side.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    endpoint : str
        The endpoint.
    reference : str, optional
        Group that stands first.

    Returns
    -------
    DataFrame
        The index is the segment. Each arm has as many columns of its name as the largest arm has animals, because
        Prism gives every data set the same number of replicates; an animal stands in the same column in all rows, and a
        cell is empty where it has no value.

    Examples
    --------
    >>> key = {"group": "control", "timepoint": "", "endpoint": "vh_cd"}
    >>> rows = [("m1", "ileum", 3.0), ("m2", "ileum", 4.0), ("m1", "jejunum", 5.0)]
    >>> table = pd.DataFrame([{"animal": a, "segment": s, "value": v, **key} for a, s, v in rows])
    >>> print(prism_table(table, "vh_cd").to_csv(), end="")
    segment,control,control
    jejunum,5.0,
    ileum,3.0,4.0
    """
    of_endpoint = animals[animals["endpoint"] == endpoint]
    segments = segments_of(of_endpoint)
    blocks = []
    arms = arms_of(of_endpoint, reference)
    n_replicates = int(of_endpoint.groupby(["group", "timepoint"])["animal"].nunique().max()) if arms else 0
    for arm in arms:
        own = of_endpoint[(of_endpoint["group"] == arm.group) & (of_endpoint["timepoint"] == arm.timepoint)]
        wide = own.pivot_table(index="segment", columns="animal", values="value", aggfunc="first", dropna=False)
        block = wide.reindex(segments).T.reset_index(drop=True).reindex(range(n_replicates)).T
        block.columns = pd.Index([str(arm)] * n_replicates)
        blocks.append(block)
    grouped = pd.concat(blocks, axis=1) if blocks else pd.DataFrame(index=segments)
    grouped.index.name = "segment"
    return grouped


def write_tidy(
    folder: str | os.PathLike[str], animals: pd.DataFrame, sections: pd.DataFrame, reference: str = ""
) -> list[Path]:
    """Write ``animals_long.csv`` for R, and ``prism/<endpoint>.csv`` for Prism.

    Parameters
    ----------
    folder : path-like
        Made if absent.
    animals, sections : DataFrame
        As `tidy_table` takes them.
    reference : str, optional
        Group that stands first in Prism's tables.

    Returns
    -------
    list of Path
        The files.
    """
    tables = {Path(folder) / "animals_long.csv": tidy_table(animals, sections).to_csv(index=False)}
    for endpoint in dict.fromkeys(animals["endpoint"]):
        tables[Path(folder) / "prism" / f"{endpoint}.csv"] = prism_table(animals, endpoint, reference).to_csv()
    for path, text in tables.items():
        with write_atomically(path) as partial:
            partial.write_text(text, encoding="utf-8")
    return list(tables)


def _agreed(values: pd.Series) -> object:
    """Give the one value that all rows have, or nothing."""
    distinct = values.dropna().unique()
    return distinct[0] if len(distinct) == 1 else None
