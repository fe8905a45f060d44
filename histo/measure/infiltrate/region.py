"""What the densities table has rows of: compartments, one by one and together, and what lies in none."""

from __future__ import annotations

from histo.location import EXCLUDED, LOCATIONS, OUTSIDE
from histo.types import Compartment

__all__ = ["MUCOSAL_LAMINA_PROPRIA", "REGIONS"]

MUCOSAL_LAMINA_PROPRIA = "mucosal_lamina_propria"

_WITHOUT_DENSITY = (int(Compartment.BACKGROUND), EXCLUDED, OUTSIDE)
REGIONS: dict[str, tuple[int, ...]] = {
    "villus_lamina_propria": (Compartment.VILLUS_LAMINA_PROPRIA,),
    "lamina_propria": (Compartment.LAMINA_PROPRIA,),
    MUCOSAL_LAMINA_PROPRIA: (Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA),
    "villus_epithelium": (Compartment.VILLUS_EPITHELIUM,),
    "crypt": (Compartment.CRYPT,),
    "submucosa": (Compartment.SUBMUCOSA,),
    "muscularis": (Compartment.MUSCULARIS,),
    "lymphoid": (Compartment.LYMPHOID,),
    "submucosal_gland": (Compartment.SUBMUCOSAL_GLAND,),
    "other_tissue": (Compartment.OTHER_TISSUE,),
    **{LOCATIONS[code]: (code,) for code in _WITHOUT_DENSITY},
}
"""Rows of the densities table and the codes of `histo.location.locate` that each sums over."""
