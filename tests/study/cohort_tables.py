"""The tables that a drawn cohort's slides would give if nothing went wrong in measuring them.

The slides of `histo.phantom.draw_cohort` are planned, not drawn: each section's villi and crypts scatter around the
size that the plan has for it, and sections are lost so that animals keep seven to nine of a segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp, sqrt
from pathlib import Path

import numpy as np
import pandas as pd

from histo.phantom import CohortSpec
from histo.phantom.cohort import Arm, _slides
from histo.schema import table_schema

N_SECTIONS = (7, 9)
_N_UNITS = (9, 22)


def animal_sd(spec: CohortSpec) -> float:
    """Standard deviation between animals' values within an arm, relative to their mean: of animals and sections."""
    n_sections = sum(N_SECTIONS) / 2
    return sqrt(spec.animal_cv**2 + spec.section_cv**2 / n_sections)


def changed_cohort(changes: Mapping[tuple[str, int], float], **layout: object) -> CohortSpec:
    """Plan the reference layout with these changes, by endpoint and day, in standard deviations between animals."""
    spec = CohortSpec(n_sections=N_SECTIONS[1], **layout)  # type: ignore[arg-type]
    effects: dict[int, dict[str, float]] = {7: {}, 14: {}}
    for (endpoint, day), change in changes.items():
        effects[day][endpoint] = exp(change * animal_sd(spec))
    return replace(spec, arms=(Arm("control", 0), *(Arm("EAE", day, of_day) for day, of_day in effects.items())))


def cohort_tables(spec: CohortSpec, seed: int) -> dict[str, pd.DataFrame]:
    """Make the tables ``sections``, ``villi`` and ``crypts`` of a cohort."""
    rng = np.random.default_rng([seed, 1])
    planned = pd.DataFrame(
        [
            slide.row
            | {
                "villus_height_um": slide.spec.villi.height_um,
                "crypt_depth_um": slide.spec.crypts.depth_um,
                "submucosa_um": slide.spec.wall.submucosa_um,
                "muscularis_um": slide.spec.wall.muscularis_um,
            }
            for slide in _slides(Path(), spec, seed)
        ]
    )
    kept = planned[_is_kept(planned, rng)].reset_index(drop=True).astype({"timepoint": "str"})
    villi = _units(kept, "villus_height_um", spec.base.villi.height_cv, rng)
    crypts = _units(kept, "crypt_depth_um", spec.base.crypts.depth_cv, rng)
    return {"sections": _sections(kept, villi, crypts), "villi": villi, "crypts": crypts}


def _is_kept(planned: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    n_kept = planned.groupby(["animal", "segment"])["slide"].transform(
        lambda slides: int(rng.integers(N_SECTIONS[0], N_SECTIONS[1] + 1))
    )
    return planned.groupby(["animal", "segment"]).cumcount() < n_kept


def _units(planned: pd.DataFrame, endpoint: str, cv: float, rng: np.random.Generator) -> pd.DataFrame:
    n_units = rng.integers(_N_UNITS[0], _N_UNITS[1] + 1, len(planned))
    rows = planned.loc[planned.index.repeat(n_units), ["slide", endpoint]].reset_index(drop=True)
    rows[endpoint] *= rng.normal(1.0, cv, len(rows))
    return rows.assign(section="s1", is_accepted=True)


def _sections(planned: pd.DataFrame, villi: pd.DataFrame, crypts: pd.DataFrame) -> pd.DataFrame:
    nothing: dict[str, object] = {"string": "", "int64": 0, "float64": np.nan, "bool": False}
    table = pd.DataFrame({column.name: nothing[column.kind] for column in table_schema("sections").columns},
                         index=planned.index)  # fmt: skip
    known = ["slide", "animal", "group", "timepoint", "segment", "stain", "submucosa_um", "muscularis_um"]
    table = table.assign(section="s1", **{name: planned[name] for name in known})
    for units, endpoint, counted in ((villi, "villus_height_um", "villi"), (crypts, "crypt_depth_um", "crypts")):
        of_slide = units.groupby("slide")[endpoint].agg(["mean", "size"]).loc[planned["slide"]]
        table[endpoint] = of_slide["mean"].to_numpy()
        table[f"n_{counted}"] = table[f"n_{counted}_accepted"] = of_slide["size"].to_numpy()
    return table.assign(vh_cd=table["villus_height_um"] / table["crypt_depth_um"], n_units=table["n_villi"])
