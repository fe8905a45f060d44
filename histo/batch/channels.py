"""Which channel of a fluorescence slide shows what."""

from __future__ import annotations

from dataclasses import dataclass, field

from histo.errors import InvalidArgument
from histo.io import Slide
from histo.io.design import Panel

__all__ = ["PanelChannels", "panel_channels"]

# Names and dyes of nuclei, as microscopes call their channels.
_NUCLEAR_STAINS = ("dapi", "hoechst", "draq", "nucle", "405", "dna")


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


def _named(slide: Slide, wanted: str, what: str) -> str:
    for name in slide.channels:
        if name.casefold() == wanted.casefold():
            return name
    if wanted.isdecimal() and int(wanted) < len(slide.channels):
        return slide.channels[int(wanted)]
    raise _no_channel(slide, what, repr(wanted))


def _like_nuclei(slide: Slide) -> str:
    names = slide.channels
    found = [name for name in names if any(stain in name.lower() for stain in _NUCLEAR_STAINS)]
    if len(found) == 1 or len(names) == 1:
        return found[0] if found else names[0]
    raise _no_channel(slide, "nuclei", "no name of a nuclear stain, or several")


def _no_channel(slide: Slide, what: str, got: str) -> InvalidArgument:
    return InvalidArgument(
        f"it is not clear which channel shows {what}",
        file=slide.path,
        expected=f"one of {', '.join(slide.channels)}",
        got=got,
        next_step=f"Name it in the design table's column marker: {what}={slide.channels[0]}, or by its number from 0.",
    )
