"""Find and count the cells of a section, and measure its markers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from histo.batch.channels import PanelChannels, panel_channels
from histo.batch.outputs import ScoredSection
from histo.io import Slide
from histo.io.design import Panel
from histo.measure import InfiltrateMeasures, measure_infiltrate
from histo.nn import NucleiModel
from histo.segmentation.nuclei import CellOptions, CellStain, detect_cells
from histo.stain import HAEMATOXYLIN_DAB
from histo.types import Compartment

__all__ = ["SLIDE_CELL_TABLES", "TISSUE", "CellCounter"]

SLIDE_CELL_TABLES = ("densities", "cell_ratios", "infiltrate", "follicles", "clustering")
"""The tables of cells, besides the cells themselves, that each slide writes for itself."""

TISSUE = "tissue"
"""What stands for a compartment where no label map parts the tissue."""

_ANY_TISSUE = Compartment.OTHER_TISSUE.label
_WITHOUT_DENSITY = (Compartment.BACKGROUND.label, "excluded", "outside")
_NO_MAP = "no label map: structure is read from H&E alone"


@dataclass(frozen=True)
class CellCounter:
    """Finds and counts the cells of a slide's sections.

    Parameters
    ----------
    model : NucleiModel
        What finds nuclei.
    stain : {"he", "dab", "fluorescence"}
        How the slide is stained.
    panel : Panel
        Its markers.
    device : str
        Where the network runs.
    """

    model: NucleiModel
    stain: CellStain
    panel: Panel
    device: str

    def count(self, slide: Slide, scored: ScoredSection) -> dict[str, pd.DataFrame]:
        """Find the cells in a section's window and count them.

        Parameters
        ----------
        slide : Slide
            Open.
        scored : ScoredSection
            The section, with its label map and crypts.

        Returns
        -------
        dict of str to DataFrame
            ``cells`` and the tables of `SLIDE_CELL_TABLES`, without identity. Where the section has no structure, cells
            are counted per mm² of tissue, all classes together, and nothing is said of ratios, follicles and clusters.

        Raises
        ------
        InvalidArgument
            If the slide lacks a channel that the design table names; the message lists those it has.
        """
        is_dab = self.stain == "dab"
        channels = panel_channels(slide, self.panel) if self.stain == "fluorescence" else PanelChannels()
        cells = detect_cells(
            slide,
            stain=self.stain,
            markers=channels.markers,
            labels=scored.labels,
            section=scored.section,
            options=CellOptions(
                model=self.model,
                device=self.device,
                nuclei_channel=channels.nuclei or None,
                dab_marker=self.panel.names[0] if is_dab else "dab",
                # The same on all slides: one threshold judges them, and on a negative control there is no DAB to find.
                dab_vectors=HAEMATOXYLIN_DAB,
                sites={marker.name: marker.site for marker in self.panel.markers if marker.site != "junction"},
            ),
        )
        found = measure_infiltrate(cells, scored.labels, crypts=scored.measures.crypts)
        tables = {
            "cells": found.cells,
            "densities": found.densities,
            "cell_ratios": found.ratios,
            "infiltrate": found.infiltrate,
            "follicles": found.follicles,
            "clustering": found.clustering,
        }
        return tables if scored.has_structure else tables | _without_structure(found)


def _without_structure(found: InfiltrateMeasures) -> dict[str, pd.DataFrame]:
    """Take back what a map that knows tissue only cannot tell."""
    is_told = found.densities["compartment"].isin([_ANY_TISSUE, *_WITHOUT_DENSITY])
    densities = found.densities[is_told & (found.densities["population"] == "all")]
    return {
        "cells": found.cells.assign(compartment=found.cells["compartment"].replace(_ANY_TISSUE, "")),
        "densities": densities.assign(compartment=densities["compartment"].replace(_ANY_TISSUE, TISSUE)),
        "cell_ratios": found.ratios.iloc[:0],
        "infiltrate": found.infiltrate.assign(infiltrate_extent="", infiltrate_extent_reason=_NO_MAP),
        "follicles": found.follicles.iloc[:0],
        "clustering": found.clustering.iloc[:0],
    }
