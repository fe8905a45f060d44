"""What a slide is stained for: the cell ``marker`` of a design table, read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from histo.errors import InvalidArgument
from histo.io.design.junction_protein import as_junction_protein

__all__ = ["Panel", "Site", "StainedMarker", "read_panel"]

Site = Literal["nucleus", "ring", "junction"]

_NUCLEI = "nuclei"
_MARKER = re.compile(r"(?P<name>[^@=]+?)\s*(?:@\s*(?P<site>\w+)\s*)?(?:=\s*(?P<channel>\S.*))?", re.ASCII)
_NAME = re.compile(r"\w+(?:-\w+)*", re.ASCII)
# CD numbers are given to molecules of the cell's surface.
_ON_THE_SURFACE = re.compile(r"cd\d+\w*")
_EXPECTED = "markers such as CD4; Foxp3=Cy5; IL17@ring=channel 3; nuclei=DAPI"


@dataclass(frozen=True)
class StainedMarker:
    """One marker of a slide.

    Parameters
    ----------
    name : str
        In lower case, as it begins the names of columns: ``cd3`` in ``cd3_intensity``. Proteins of junctions are called
        as in `JUNCTION_PROTEINS`, however they were written.
    site : {"nucleus", "ring", "junction"}
        Where it is looked for: in the nucleus or in the ring around it, cell by cell; or in the junctions and the
        epithelium, without cells.
    channel : str
        Name or number (from 0) of its channel; empty where that is called like the marker, and of DAB.
    """

    name: str
    site: Site = "nucleus"
    channel: str = ""


@dataclass(frozen=True)
class Panel:
    """All markers of a slide.

    Parameters
    ----------
    markers : tuple of StainedMarker
        In the order in which they were written.
    nuclei : str
        Name or number of the channel of the nuclei; empty where nothing was said.
    """

    markers: tuple[StainedMarker, ...] = ()
    nuclei: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The markers' names."""
        return tuple(marker.name for marker in self.markers)

    @property
    def of_cells(self) -> Panel:
        """What is looked for cell by cell."""
        return replace(self, markers=tuple(marker for marker in self.markers if marker.site != "junction"))

    @property
    def of_junctions(self) -> tuple[StainedMarker, ...]:
        """What is looked for in junctions and epithelium."""
        return tuple(marker for marker in self.markers if marker.site == "junction")


def read_panel(text: str, stain: str) -> Panel:
    """Read what a slide is stained for.

    Parameters
    ----------
    text : str
        Markers, divided by semicolons: ``CD3``, or ``CD4; Foxp3=Cy5; nuclei=DAPI``. Behind ``@`` stands where a marker
        is looked for, ``nucleus``, ``ring`` or ``junction``; without it, a protein of `JUNCTION_PROTEINS` is looked for
        in junctions and epithelium, a marker called CD and a number in the ring of membrane and cytoplasm, and any
        other in the nucleus. Behind ``=`` stands the channel, by name or number from 0; without it, it is called like
        the marker. ``nuclei`` is no marker but names the channel of the nuclei.
    stain : {"dab", "fluorescence"}
        A DAB slide has one marker and no channels; without a name it is called ``dab``.

    Returns
    -------
    Panel

    Raises
    ------
    InvalidArgument
        If it cannot be read.

    Examples
    --------
    >>> [(marker.name, marker.site) for marker in read_panel("CD4; Foxp3=Cy5", "fluorescence").markers]
    [('cd4', 'ring'), ('foxp3', 'nucleus')]
    """
    markers: list[StainedMarker] = []
    nuclei = ""
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        marker = _read_marker(entry)
        if marker.name == _NUCLEI and marker.channel and stain == "fluorescence":
            nuclei = marker.channel
        elif marker.name == _NUCLEI or marker.name in {known.name for known in markers}:
            raise InvalidArgument("a marker is named twice, or is no marker", expected=_EXPECTED, got=repr(entry))
        else:
            markers.append(marker)
    if stain == "dab":
        markers = markers or [StainedMarker("dab")]
        if len(markers) > 1 or markers[0].channel:
            raise InvalidArgument("a DAB slide shows one marker", expected="a name such as CD3", got=repr(text))
    return Panel(tuple(markers), nuclei)


def _read_marker(entry: str) -> StainedMarker:
    found = _MARKER.fullmatch(entry)
    protein = "" if found is None else as_junction_protein(found["name"])
    if found is None or not (protein or _NAME.fullmatch(found["name"])):
        raise InvalidArgument("the markers cannot be read", expected=_EXPECTED, got=repr(entry))
    name = protein or found["name"].lower()
    return StainedMarker(name, _site(name, (found["site"] or "").lower(), entry), (found["channel"] or "").strip())


def _site(name: str, written: str, entry: str) -> Site:
    """Say where a marker is looked for: where it was written, else where one of its name usually is."""
    sites: dict[str, Site] = {"nucleus": "nucleus", "ring": "ring", "junction": "junction"}
    if written:
        if written not in sites:
            raise InvalidArgument(
                "a marker lies in no such place", expected="@nucleus, @ring or @junction", got=repr(entry)
            )
        return sites[written]
    if as_junction_protein(name):
        return "junction"
    return "ring" if _ON_THE_SURFACE.fullmatch(name) is not None else "nucleus"
