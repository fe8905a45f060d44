"""Stains as densities: colour deconvolution, estimation, normalisation, fluorescence background."""

from __future__ import annotations

from histo.stain.dab import DabDensity, DabStain, dab_density, describe_dab
from histo.stain.deconvolution import (
    HAEMATOXYLIN_DAB,
    HAEMATOXYLIN_EOSIN,
    HAEMATOXYLIN_EOSIN_DAB,
    StainVectors,
    combine,
    optical_density,
    separate,
)
from histo.stain.estimate import StainEstimate, estimate_vectors, estimate_white
from histo.stain.fluorescence import estimate_background, subtract_background
from histo.stain.normalise import REFERENCE_APPEARANCE, StainAppearance, describe_stain, normalise

__all__ = [
    "HAEMATOXYLIN_DAB",
    "HAEMATOXYLIN_EOSIN",
    "HAEMATOXYLIN_EOSIN_DAB",
    "REFERENCE_APPEARANCE",
    "DabDensity",
    "DabStain",
    "StainAppearance",
    "StainEstimate",
    "StainVectors",
    "combine",
    "dab_density",
    "describe_dab",
    "describe_stain",
    "estimate_background",
    "estimate_vectors",
    "estimate_white",
    "normalise",
    "optical_density",
    "separate",
    "subtract_background",
]
