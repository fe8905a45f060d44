"""How cells are found and measured, beyond what must be said each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Literal, get_args

from histo.errors import InvalidArgument, UnknownModel
from histo.nn import NucleiModel, load_nuclei_model
from histo.segmentation.marker import BleedThrough, MarkerSite
from histo.stain import StainVectors

__all__ = ["DEFAULT_MODELS", "CellOptions", "CellStain", "MarkerMeasure", "check_measures", "choose_model"]

CellStain = Literal["he", "dab", "fluorescence"]
"""What a slide is stained with: haematoxylin and eosin, haematoxylin and DAB, or fluorescent dyes."""

MarkerMeasure = Literal["contrast", "foci"]
"""What may be measured of each marker besides its intensity."""

# Wider, and it would not lie wholly in the rim of a tile.
_WIDEST_RING_UM = 5.0

DEFAULT_MODELS: dict[str, str] = {"he": "nuclei-he-v1", "dab": "nuclei-he-v1", "fluorescence": "nuclei-if-v1"}
"""The model for each stain, where none is named."""


@dataclass(frozen=True)
class CellOptions:
    """How cells are found and measured.

    Parameters
    ----------
    model : NucleiModel, str or path-like, optional
        A model, or the name or folder of one. Without it, the one for the stain.
    nuclei_channel : str or int, optional
        Fluorescence: the channel of the nuclei. Without it, the only one, or the one named like a stain of nuclei.
    dab_marker : str
        DAB: what the marker is called in the columns.
    dab_vectors : StainVectors, optional
        DAB: colours of haematoxylin and DAB. Without them, those found on the slide, so that densities of slides that
        are judged together, negative controls among them, ought to be given theirs.
    sites : mapping of str to {"nucleus", "ring"}
        Where each marker is looked for; in the nucleus where nothing is said. The nuclei of a DAB slide are found in
        both colours if its marker is nuclear, in haematoxylin alone if it is looked for in the ring.
    ring_um : float
        Width of the ring around a nucleus, 5 µm at most.
    bleed_through : BleedThrough, optional
        Taken out of the channels before they are measured.
    measures : tuple of {"contrast", "foci"}
        Of each marker besides its intensity: `<marker>_contrast`, `<marker>_foci`, as
        `histo.segmentation.marker.measure_contrast` and `measure_foci` define them. They take time, and foci need
        pixels of 0.5 µm or less.
    foci_noise : mapping of str to float
        Of each marker the noise of the slide, from `histo.segmentation.marker.estimate_foci_noise` of a part of it. A
        tile does not know it, so foci need it.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"mps"``; without it the fastest there is.
    progress : callable, optional
        Called with the number of tiles done, and of all.
    """

    model: NucleiModel | str | PathLike[str] | None = None
    nuclei_channel: str | int | None = None
    dab_marker: str = "dab"
    dab_vectors: StainVectors | None = None
    sites: Mapping[str, MarkerSite] = field(default_factory=dict)
    ring_um: float = 2.0
    bleed_through: BleedThrough | None = None
    measures: tuple[MarkerMeasure, ...] = ()
    foci_noise: Mapping[str, float] = field(default_factory=dict)
    device: str | None = None
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.ring_um <= _WIDEST_RING_UM:
            raise InvalidArgument(
                "the ring around a nucleus is too wide or has no width",
                expected=f"above 0, {_WIDEST_RING_UM:g} µm at most",
                got=f"{self.ring_um:g}",
            )
        unknown = sorted(set(self.measures) - set(get_args(MarkerMeasure)))
        if unknown:
            raise InvalidArgument("unknown measure of a marker", expected="contrast or foci", got=", ".join(unknown))


def check_measures(names: tuple[str, ...], options: CellOptions) -> None:
    """Refuse to measure foci of markers of whose noise nothing is said.

    Raises
    ------
    InvalidArgument
        With the markers.
    """
    unsaid = [name for name in names if name not in options.foci_noise]
    if "foci" in options.measures and unsaid:
        raise InvalidArgument(
            "foci are measured against the noise of the slide, which a tile does not know",
            expected=f"CellOptions(foci_noise={{...}}) for {', '.join(unsaid)}",
            next_step="Take it from a part of the slide: histo.segmentation.marker.estimate_foci_noise.",
        )


def choose_model(stain: str, options: CellOptions) -> NucleiModel:
    """Load the model for a stain, or the one that the options name.

    Raises
    ------
    InvalidArgument
        If there is no such stain, or the model was made for another.
    UnknownModel
        If the model is not installed; the message says how to make it.
    CorruptModel
        If it is damaged.
    """
    if stain not in get_args(CellStain):
        raise InvalidArgument("unknown stain", expected=f"one of {', '.join(get_args(CellStain))}", got=repr(stain))
    if options.model is None:
        name = DEFAULT_MODELS[stain]
        try:
            model = load_nuclei_model(name)
        except UnknownModel as error:
            raise UnknownModel(
                f"the model {name}, which finds nuclei on slides stained with {stain}, is not installed",
                expected="its folder beside the other models, or in one that HISTO_MODELS names",
                next_step=f"Train it: histo train models/{name}/train.toml; or name another: CellOptions(model=...).",
            ) from error
    else:
        model = options.model if isinstance(options.model, NucleiModel) else load_nuclei_model(options.model)
    seen = "fluorescence" if stain == "fluorescence" else "he"
    if model.spec.stain != seen:
        raise InvalidArgument(
            f"the model {model.name} was not made for this stain",
            expected=f"a model of {seen}",
            got=f"a model of {model.spec.stain}",
            next_step='Say which it is: stain="he", "dab" or "fluorescence".',
        )
    return model
