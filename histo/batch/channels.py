"""Which channel of a fluorescence slide shows what."""

from __future__ import annotations

from dataclasses import dataclass, field

from histo.errors import InvalidArgument
from histo.io import Slide
from histo.io.design import Panel, StainedMarker, as_junction_protein
from histo.nn.channel import find_channel
from histo.nn.nuclei_canvas import NUCLEAR_STAINS

__all__ = ["PanelChannels", "marker_channel", "panel_channels"]


@dataclass(frozen=True)
class PanelChannels:
    """Names of channels.

    Parameters
    ----------
    nuclei : str
        That of the nuclei.
    markers : dict of str to str
        That of each marker.
    """

    nuclei: str = ""
    markers: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> tuple[str, ...]:
        """All of them, the nuclei first."""
        return tuple(dict.fromkeys(filter(None, (self.nuclei, *self.markers.values()))))


def panel_channels(slide: Slide, panel: Panel) -> PanelChannels:
    """Find the channels of a slide's markers and of its nuclei.

    Parameters
    ----------
    slide : Slide
        Fluorescence.
    panel : Panel
        What the design table says of it. A channel is named in letters of any case, or by its number from 0; that of
        the nuclei, where it is not named, is the only channel that is called like a stain of nuclei, or the only one.

    Returns
    -------
    PanelChannels

    Raises
    ------
    InvalidArgument
        If there is no such channel; the message lists those there are.
    """
    markers = {marker.name: _named(slide, marker.channel or marker.name, marker.name) for marker in panel.markers}
    nuclei = _named(slide, panel.nuclei, "nuclei") if panel.nuclei else _like_nuclei(slide)
    return PanelChannels(nuclei, markers)


def marker_channel(slide: Slide, marker: StainedMarker) -> str:
    """Find the channel of a protein of junctions.

    Parameters
    ----------
    slide : Slide
        Fluorescence.
    marker : StainedMarker
        Without a channel, it is the one that bears the protein's name, however that is written, or the only one.

    Returns
    -------
    str
        Its name.

    Raises
    ------
    InvalidArgument
        If there is no such channel; the message lists those there are.
    """
    if not marker.channel:
        alike = [name for name in slide.channels if as_junction_protein(name) == marker.name]
        if len(alike) == 1 or len(slide.channels) == 1:
            return (alike or slide.channels)[0]
    return _named(slide, marker.channel or marker.name, marker.name)


def _named(slide: Slide, wanted: str, what: str) -> str:
    for name in slide.channels:
        if name.casefold() == wanted.casefold():
            return name
    if wanted.isdecimal() and int(wanted) < len(slide.channels):
        return slide.channels[int(wanted)]
    raise InvalidArgument(
        f"the slide has no such channel for {what}",
        file=slide.path,
        expected=f"one of {', '.join(slide.channels)}",
        got=repr(wanted),
        next_step=f"Name it in the design table's column marker: {what}={slide.channels[0]}, or by its number from 0.",
    )


def _like_nuclei(slide: Slide) -> str:
    option = f"nuclei={slide.channels[0]} in the design table's column marker"
    return slide.channels[find_channel(slide, None, NUCLEAR_STAINS, shows="the nuclei", option=option)]
