"""Measure the proteins of junctions that a section is stained for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.barrier import measure_junctions
from histo.batch.barrier_picture import BarrierPicture, open_barrier_picture
from histo.batch.job import Job
from histo.batch.junction_finder import load_junction_finder
from histo.batch.outputs import ScoredSection
from histo.io import Slide
from histo.io.design import StainedMarker
from histo.measure.junction import JunctionNetwork
from histo.measure.staining import ApicalLine, StainingMeasures, StainingSettings, measure_staining
from histo.report.barrier_overlay import draw_apical_overlay, draw_junction_overlay
from histo.report.overlay import SectionView
from histo.schema import BARRIER_TABLES, IDENTITY, check_table, empty_table, table_schema
from histo.segmentation.junction import check_field_size
from histo.types import LabelMap

__all__ = [
    "SLIDE_BARRIER_TABLES",
    "BarrierMeter",
    "MeasuredBarrier",
    "barrier_tables",
    "draw_barrier",
]

SLIDE_BARRIER_TABLES = tuple(name for name in BARRIER_TABLES if name != "staining_thresholds")
"""The tables that each slide writes for itself."""

_OVERLAY_SIDE = 1600
# Small fields are drawn larger, so that a line does not cover the junction that it is drawn over.
_MOST_ENLARGED = 4
_UNJUDGED = {"is_negative_control": False}


@dataclass(frozen=True, eq=False)
class MeasuredBarrier:
    """What was measured of one marker of a section.

    Parameters
    ----------
    marker : StainedMarker
    picture : BarrierPicture
        What it was measured on.
    tables : dict of str to DataFrame
        Without identity and marker.
    seen : JunctionNetwork or tuple of ApicalLine
        What can be drawn over the picture.
    """

    marker: StainedMarker
    picture: BarrierPicture
    tables: dict[str, pd.DataFrame]
    seen: JunctionNetwork | tuple[ApicalLine, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """What is wrong with the picture."""
        return tuple(self.tables["staining"]["flags"].item().split())


@dataclass(frozen=True, eq=False)
class BarrierMeter:
    """Measures the proteins of junctions that a slide is stained for.

    Parameters
    ----------
    job : Job
        The slide, and what to score it with.
    device : str
        Where a network runs.
    """

    job: Job
    device: str

    def measure(self, slide: Slide, scored: ScoredSection) -> list[MeasuredBarrier]:
        """Measure each protein on a section's window.

        Parameters
        ----------
        slide : Slide
            Open.
        scored : ScoredSection
            The section, with its label map.

        Returns
        -------
        list of MeasuredBarrier
            In the order of the design table.

        Raises
        ------
        InvalidArgument
            If the slide lacks a channel, or the field or section does not fit the memory.
        UnusableStaining
            If that was asked for and a picture is saturated, out of focus or uneven.
        """
        planned = self.job.slide
        stain = cast("Literal['fluorescence', 'dab']", planned.stain)
        pictures = [(marker, open_barrier_picture(slide, marker, stain)) for marker in planned.junction_markers]
        if planned.is_monolayer:
            return [self._measure_monolayer(marker, picture) for marker, picture in pictures]
        return [self._measure_section(marker, picture, scored.labels) for marker, picture in pictures]

    def _measure_monolayer(self, marker: StainedMarker, picture: BarrierPicture) -> MeasuredBarrier:
        check_field_size(picture.slide)
        mpp = picture.slide.mpp
        pixels = picture.read((0.0, 0.0), picture.slide.shape)
        # First what may refuse the picture.
        staining = measure_staining(pixels, mpp=mpp, stain=picture.stain, settings=self._settings(picture))
        wanted = self.job.fingerprint
        found = measure_junctions(
            pixels,
            mpp=mpp,
            stain=picture.stain,
            model=load_junction_finder(wanted.junction_model, wanted.junction_sha256),
            device=self.device,
            colours=picture.colours,
        )
        tables = {
            "junctions": found.junctions,
            "junction_cells": found.cells,
            "junction_fields": found.field.assign(seen_by=found.network.seen_by, **_UNJUDGED),
        }
        return MeasuredBarrier(marker, picture, tables | _staining_tables(staining), found.network)

    def _measure_section(self, marker: StainedMarker, picture: BarrierPicture, labels: LabelMap) -> MeasuredBarrier:
        mpp = max(self.job.fingerprint.staining_mpp, picture.slide.mpp)
        found = measure_staining(
            picture.read_field(labels, mpp),
            mpp=mpp,
            stain=picture.stain,
            labels=labels,
            settings=self._settings(picture),
        )
        return MeasuredBarrier(marker, picture, _staining_tables(found), found.lines)

    def _settings(self, picture: BarrierPicture) -> StainingSettings:
        return StainingSettings(colours=picture.colours, is_strict=self.job.fingerprint.strict_staining)


def barrier_tables(section: pd.DataFrame, measured: Iterable[MeasuredBarrier]) -> dict[str, pd.DataFrame]:
    """Put the tables of a section's proteins under one another.

    Parameters
    ----------
    section : DataFrame
        The section's row of the ``sections`` table.
    measured : iterable of MeasuredBarrier

    Returns
    -------
    dict of str to DataFrame
        All of `SLIDE_BARRIER_TABLES`, if only empty, each row with its marker; and the section's row, with what is
        wrong with the pictures among its flags.
    """
    proteins = list(measured)
    rows: dict[str, list[pd.DataFrame]] = {}
    for each in proteins:
        for name, table in each.tables.items():
            rows.setdefault(name, []).append(table.assign(marker=each.marker.name))
    flags = [*section["flags"].item().split(), *(flag for each in proteins for flag in each.flags)]
    tables = {name: _joined(name, rows.get(name, [])) for name in SLIDE_BARRIER_TABLES}
    return tables | {"sections": section.assign(flags=" ".join(dict.fromkeys(flags)))}


def draw_barrier(slide: Slide, scored: ScoredSection, measured: Iterable[MeasuredBarrier]) -> NDArray[np.uint8]:
    """Draw what was seen of each protein, one picture under the other.

    Parameters
    ----------
    slide : Slide
        Open.
    scored : ScoredSection
        The section.
    measured : iterable of MeasuredBarrier
        At least one.

    Returns
    -------
    (rows, cols, 3) array of uint8
    """
    section = scored.section
    longest = max(section.height, section.width)
    shrink = max(1.0, longest / _OVERLAY_SIDE)
    enlarge = min(max(1, _OVERLAY_SIDE // (2 * longest)), _MOST_ENLARGED)
    shape = (max(1, round(section.height / shrink)), max(1, round(section.width / shrink)))
    corner, mpp = (float(section.row), float(section.col)), slide.mpp * shrink
    panels = []
    for each in measured:
        seen = each.picture.as_grey(corner, shape, mpp).repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        view = SectionView(seen, mpp / enlarge, slide.mpp, section.row, section.col)
        title = f"{scored.id} {each.marker.name}"
        if isinstance(each.seen, JunctionNetwork):
            panels.append(draw_junction_overlay(view, each.seen, title))
        else:
            panels.append(draw_apical_overlay(view, scored.labels, each.seen, title))
    return np.vstack(panels)


def _staining_tables(found: StainingMeasures) -> dict[str, pd.DataFrame]:
    return {
        "staining": found.field.assign(**_UNJUDGED),
        "staining_regions": found.regions.assign(**_UNJUDGED),
        "staining_profile": found.profile,
        "staining_gaps": found.gaps,
        "staining_census": found.census,
    }


def _joined(name: str, rows: list[pd.DataFrame]) -> pd.DataFrame:
    """Give the columns that the study fills in later, too, so that no table lacks one."""
    columns = table_schema(name).columns[len(IDENTITY) :]
    filled = [table for table in rows if len(table)]
    if not filled:
        return empty_table(columns)
    return check_table(
        pd.concat(filled, ignore_index=True).reindex(columns=[column.name for column in columns]), columns
    )
