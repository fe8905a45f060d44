"""What the metadata of each kind of TIFF slide add to its pixels: channel names, brightfield or not, µm/px."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from histo.io.slides.ome import OmeImage, read_ome_xml
from histo.io.slides.pixel_size import PixelSizeFinding
from histo.io.slides.tiff_colour import Colouring
from histo.io.slides.tiff_pixel_size import aperio_findings, imagej_findings, qptiff_findings, resolution_findings

__all__ = ["KINDS", "Description", "describe"]

# tifffile's names of the kinds, and ours.
KINDS = {
    "svs": "Aperio SVS",
    "ndpi": "Hamamatsu NDPI",
    "ome": "OME-TIFF",
    "qpi": "QPTIFF",
    "imagej": "ImageJ TIFF",
    "generic": "TIFF",
    "uniform": "TIFF",
    "shaped": "TIFF",
}
# Colour pictures of these kinds are scans in transmitted light; any other TIFF may be a screenshot of fluorescence.
_SCANS = frozenset({"svs", "ndpi", "ome", "qpi"})


@dataclass(frozen=True)
class Description:
    """What a file says about itself.

    Parameters
    ----------
    format : str
        Name of the format.
    colouring : Colouring
        How samples become channels, with the channels' names.
    is_brightfield : bool or None
        None where the file does not say.
    findings : list of PixelSizeFinding
        µm/px, the most trusted first.
    notes : list of str
        Places without a usable µm/px.
    """

    format: str
    colouring: Colouring
    is_brightfield: bool | None
    findings: list[PixelSizeFinding]
    notes: list[str]


def describe(tiff: Any, series: Any, stored: Colouring) -> Description:
    """Collect what the metadata of a TIFF slide say.

    Parameters
    ----------
    tiff : tifffile.TiffFile
        The open file.
    series : tifffile.TiffPageSeries
        The slide's picture in it.
    stored : Colouring
        What the samples are, by the page's own tags.

    Returns
    -------
    Description
    """
    kind = str(series.kind)
    colouring, findings, notes = stored, *resolution_findings(series.keyframe)
    is_colour = stored.is_rgb and stored.dtype == np.uint8
    is_brightfield = (True if kind in _SCANS else None) if is_colour else False
    if kind == "svs":
        findings, notes = _joined(aperio_findings(series.keyframe.description), (findings, notes))
    elif kind == "ome":
        image = _ome_image(tiff, series)
        colouring = _named(stored, image.channels)
        findings, notes = _joined((list(image.findings), list(image.notes)), (findings, notes))
    elif kind == "qpi":
        colouring = _named(stored, tuple(_qptiff_channel(page) for page in series.pages))
        findings, notes = _joined((findings, notes), qptiff_findings(tiff.pages[0].description))
    elif kind == "imagej":
        metadata = tiff.imagej_metadata or {}
        colouring = _named(stored, tuple(map(str, metadata.get("Labels", ()))))
        findings, notes = imagej_findings(series.keyframe, metadata)
    elif kind == "ndpi" and "Fluorescence" in series.keyframe.ndpi_tags:
        colouring = _one_fluorochrome(stored, str(series.keyframe.ndpi_tags["Fluorescence"]))
        is_brightfield = False
    return Description(KINDS[kind], colouring, is_brightfield, findings, notes)


def _joined(
    first: tuple[list[PixelSizeFinding], list[str]], second: tuple[list[PixelSizeFinding], list[str]]
) -> tuple[list[PixelSizeFinding], list[str]]:
    return first[0] + second[0], first[1] + second[1]


def _ome_image(tiff: Any, series: Any) -> OmeImage:
    """Find the Image element of the slide: files hold labels and overviews too, so it is told by its size."""
    images = read_ome_xml(tiff.ome_metadata or "")
    shape = int(series.keyframe.imagelength), int(series.keyframe.imagewidth)
    return next((image for image in images if image.shape == shape), images[0])


def _qptiff_channel(page: Any) -> str:
    description = page.description if hasattr(page, "description") else ""
    match = re.search(r"<Biomarker>\s*([^<]+?)\s*<", description) or re.search(r"<Name>\s*([^<]+?)\s*<", description)
    return match.group(1) if match else f"channel {page.index}"


def _named(colouring: Colouring, names: tuple[str, ...]) -> Colouring:
    """Give channels their names, where there is one for each; red, green and blue keep theirs."""
    if colouring.is_rgb or len(names) != len(colouring.channels):
        return colouring
    return replace(colouring, channels=names)


def _one_fluorochrome(colouring: Colouring, name: str) -> Colouring:
    """Undo the false colour in which the scanner stores a single fluorochrome: the strongest colour is the signal."""
    if not colouring.is_rgb:
        return colouring
    return Colouring((name.strip(),), colouring.dtype, lambda pixels: pixels.max(axis=2, keepdims=True))
