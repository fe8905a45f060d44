"""A drawn mucosa in three dimensions, and what a plane that cuts it at a known angle shows."""

from histo.phantom.villus_field.cut import CutPlane, FieldCut, cut_field
from histo.phantom.villus_field.field import FieldCrypts, FieldVilli, VillusField, draw_villus_field
from histo.phantom.villus_field.spec import VillusFieldSpec

__all__ = [
    "CutPlane",
    "FieldCrypts",
    "FieldCut",
    "FieldVilli",
    "VillusField",
    "VillusFieldSpec",
    "cut_field",
    "draw_villus_field",
]
