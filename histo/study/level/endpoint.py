"""The measures of a section that a study can ask about: name, label, unit, how it was made and of how many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from histo.schema import table_schema
from histo.study.level.measure import Measure, MeasureTable, column_name, find_measure

__all__ = ["ENDPOINTS", "Endpoint", "endpoint_named"]


@dataclass(frozen=True)
class Endpoint:
    """One measure of the ``sections`` table.

    Parameters
    ----------
    name : str
        The column: ``villus_height_um``.
    label : str
        What people call it: ``Villus height``.
    unit : str
        Unit to print behind a value; empty for a ratio.
    decimals : int, optional
        Decimals worth printing.
    repeats : str, optional
        Column that counts the villi, crypts or units behind the section's value; empty where there is no such count.
    repeat_noun : str, optional
        What those repeats are called: ``accepted villi``.
    least_repeats : int, optional
        How many a section needs. Default: what the plan says of villi, crypts and units.
    unit_table, unit_column : str, optional
        Table and column that hold the value of each repeat; empty where there is none.
    estimator : str, optional
        How a section's value was made.
    source : tuple of (str, str), optional
        Table and column that the value was taken from; by default the column of its name in ``sections``.
    is_of_cells : bool, optional
        Whether only a run that counts cells has it.
    is_primary : bool, optional
        Whether it belongs to the declared family that is tested by default. The others are described, and tested when
        they are asked for by name.
    """

    name: str
    label: str
    unit: str
    decimals: int = 1
    repeats: str = ""
    repeat_noun: str = ""
    least_repeats: int | None = None
    unit_table: str = ""
    unit_column: str = ""
    estimator: str = "as the sections table has it"
    source: tuple[str, str] = ("sections", "")
    is_of_cells: bool = False
    is_primary: bool = False

    @property
    def definition(self) -> str:
        """How one section's value is defined, from the schema; empty for a column that the schema does not know."""
        table, column = self.source
        return next(
            (known.definition for known in table_schema(table).columns if known.name == (column or self.name)), ""
        )


def _of_tubes(name: str, label: str, noun: str, *, is_primary: bool = False) -> Endpoint:
    """Describe a length of villi or crypts."""
    return Endpoint(
        name,
        label,
        "µm",
        repeats=f"n_{noun}_accepted",
        repeat_noun=f"accepted {noun}",
        unit_table=noun,
        unit_column=name,
        estimator=f"mean of accepted {noun}",
        is_primary=is_primary,
    )


def _of_wall(name: str, label: str, *, is_primary: bool = False) -> Endpoint:
    return Endpoint(name, label, "µm", estimator="median along the wall", is_primary=is_primary)


def _of_cells(name: str, label: str, unit: str, decimals: int = 0) -> Endpoint:
    together = "all of the section's cells together"
    return Endpoint(name, label, unit, decimals, estimator=together, source=("infiltrate", name), is_of_cells=True)


ENDPOINTS: dict[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        _of_tubes("villus_height_um", "Villus height", "villi", is_primary=True),
        _of_tubes("crypt_depth_um", "Crypt depth", "crypts", is_primary=True),
        Endpoint(
            "vh_cd",
            "VH:CD",
            "",
            2,
            "n_units",
            "villus-crypt units",
            unit_table="units",
            unit_column="vh_cd",
            estimator="mean of villus-crypt units",
            is_primary=True,
        ),
        _of_wall("submucosa_um", "Submucosa thickness", is_primary=True),
        _of_wall("muscularis_um", "Muscularis thickness", is_primary=True),
        _of_wall("mucosa_um", "Mucosa thickness"),
        _of_tubes("villus_width_um", "Villus width", "villi"),
        Endpoint(
            "vh_cd_of_means",
            "VH:CD (ratio of means)",
            "",
            2,
            "n_units",
            "villus-crypt units",
            estimator="mean villus height over mean crypt depth",
        ),
        Endpoint("villi_per_mm", "Villi per mm of wall", "/mm", estimator="villi over length of wall"),
        Endpoint("crypts_per_mm", "Crypts per mm of wall", "/mm", estimator="crypts over length of wall"),
        _of_cells("iel_per_100", "IEL per 100 epithelial cells", "", 1),
        _of_cells("mucosa_inflammatory_per_mm2", "Inflammatory cells, lamina propria", "/mm²"),
        _of_cells("submucosa_inflammatory_per_mm2", "Inflammatory cells, submucosa", "/mm²"),
        _of_cells("muscularis_inflammatory_per_mm2", "Inflammatory cells, muscularis", "/mm²"),
    )
}
"""The endpoints that studies have, in the order in which they are reported; those of cells where cells were counted."""

_UNIT_OF_SUFFIX = {"_um": "µm", "_um2": "µm²", "_mm": "mm", "_mm2": "mm²", "_per_mm": "/mm", "_per_mm2": "/mm²"}


def endpoint_named(name: str) -> Endpoint:
    """Describe an endpoint; a column that histo does not know is described by its own name.

    Examples
    --------
    >>> endpoint_named("crypt_depth_um").label
    'Crypt depth'
    >>> endpoint_named("cd4_crypt_percent_positive").label
    'CD4 positive cells, crypt'
    >>> endpoint_named("zo_1_continuity").label
    'ZO-1 continuity of the apical line'
    """
    if name in ENDPOINTS:
        return ENDPOINTS[name]
    if (found := find_measure(name)) is not None:
        return _of_measure(name, *found)
    suffix = max((end for end in _UNIT_OF_SUFFIX if name.endswith(end)), key=len, default="")
    stem = name.removesuffix(suffix).replace("_", " ").strip()
    return Endpoint(name, stem[:1].upper() + stem[1:] if stem else name, _UNIT_OF_SUFFIX.get(suffix, ""), 2)


def _of_measure(name: str, table: MeasureTable, measure: Measure, what: str, where: str) -> Endpoint:
    """Describe a measure that was laid beside the sections' own."""
    label = " ".join(filter(None, (_marker(what), measure.label)))
    part = f", {where.replace('_', ' ')}" if where else ""
    return Endpoint(
        name,
        f"{label[:1].upper()}{label[1:]}{part}",
        measure.unit,
        measure.decimals,
        repeats=column_name(what, where, measure.repeats) if measure.repeats else "",
        repeat_noun=measure.repeat_noun,
        least_repeats=measure.least,
        estimator=table.estimator,
        source=(table.name, measure.column),
        is_of_cells=table.is_of_cells,
    )


def _marker(what: str) -> str:
    """Write a marker as people do: CD4, ZO-1, claudin-2; other words stay."""
    marker = what.removesuffix("_positive")
    if re.search(r"\d", marker):
        first = marker.split("_")[0]
        is_short = len(re.sub(r"\d", "", first)) <= 4
        text = marker.replace("_", "-")
        text = text.upper() if is_short else text
    else:
        text = marker.replace("_", " ")
    return f"{text} positive" if marker != what else text
