"""A table of a study, made segment by segment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from histo.schema import check_table, empty_table, table_schema
from histo.study.level.arm import segments_of

__all__ = ["table_by_segment"]


def table_by_segment(
    name: str,
    animals: pd.DataFrame,
    endpoints: tuple[str, ...],
    ask: Callable[[pd.DataFrame], Iterable[Mapping[str, object]]],
) -> pd.DataFrame:
    """Ask each segment's animals, and put the answers in the order of the endpoints.

    Parameters
    ----------
    name : str
        Of the table in the schema.
    animals : DataFrame
        The ``animals`` table.
    endpoints : tuple of str
        Their order; within an endpoint the segments keep theirs.
    ask : callable
        Gives a segment's rows, given its animals.

    Returns
    -------
    DataFrame
        The table; empty without an answer.
    """
    columns = table_schema(name).columns
    rows = [row for segment in segments_of(animals) for row in ask(animals[animals["segment"] == segment])]
    if not rows:
        return empty_table(columns)
    order = {endpoint: position for position, endpoint in enumerate(endpoints)}
    table = pd.DataFrame(rows).sort_values("endpoint", key=lambda names: names.map(order), kind="stable")
    return check_table(table, columns)
