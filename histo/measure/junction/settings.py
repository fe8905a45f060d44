"""What is chosen when a network is traced and measured; lengths in µm, so that no choice depends on the pixel."""

from __future__ import annotations

from dataclasses import dataclass, fields

from histo.errors import InvalidArgument

__all__ = ["MeasureSettings", "TraceSettings"]


@dataclass(frozen=True)
class TraceSettings:
    """How a network is read off its maps. The values are ours.

    Parameters
    ----------
    smoothing_um : float
        Waves of a junction shorter than this are taken for noise. Light shows none below about 0.3 µm; on pixels
        larger than a seventh of it, three and a half pixels are the shortest wave that is kept.
    ridge_um : float
        How far from a curve its background is read when it is asked whether a ridge runs there.
    least_rise : float
        How far the centreline map must rise over that, besides being as likely as not, to speak for a junction that
        runs along the border rather than across it.
    least_seen : float
        The share of a border that must be seen for two cells to be parted by it; the rest is bridged and is gap.
    least_seen_between_stumps : float
        The share that suffices where stumps reach in from both ends.
    least_cell_um : float
        Diameter of the smallest cell; smaller ones join the neighbour that they are parted from the least.
    least_junction_um : float
        Corners nearer than this are one corner, in which more than three cells meet.
    """

    smoothing_um: float = 0.5
    ridge_um: float = 0.8
    least_rise: float = 0.25
    least_seen: float = 0.65
    least_seen_between_stumps: float = 0.45
    least_cell_um: float = 4.0
    least_junction_um: float = 0.3

    def __post_init__(self) -> None:
        _check_positive(self)


@dataclass(frozen=True)
class MeasureSettings:
    """How junctions are measured. The values are ours.

    Parameters
    ----------
    reach_um : float
        How far to both sides of a curve the signal is read.
    background_um : float
        From which distance on that signal is background.
    band_um : float
        Half the width of the band along a curve whose occupancy is measured.
    least_run_um : float
        Stained stretches and gaps shorter than this are not told from noise.
    """

    reach_um: float = 1.6
    background_um: float = 1.0
    band_um: float = 0.5
    least_run_um: float = 0.3

    def __post_init__(self) -> None:
        _check_positive(self)
        if self.background_um >= self.reach_um or self.band_um >= self.reach_um:
            raise InvalidArgument(
                "background and band lie within the reach",
                expected=f"background_um and band_um below {self.reach_um}",
                got=f"{self.background_um} and {self.band_um}",
            )


def _check_positive(settings: TraceSettings | MeasureSettings) -> None:
    for one in fields(settings):
        value = getattr(settings, one.name)
        if not 0 < value < float("inf"):
            raise InvalidArgument(f"{one.name} is a positive number", got=repr(value))
