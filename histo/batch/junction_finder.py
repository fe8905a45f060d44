"""What sees the junctions of monolayers: a model, or the ridge filter where none is installed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from histo.batch.planning import Plan
from histo.batch.settings import Settings
from histo.errors import CorruptModel, InvalidArgument, UnknownModel
from histo.nn import JunctionModel, JunctionSpec, load_junction_model
from histo.segmentation.junction import DEFAULT_MODEL, WITHOUT_MODEL

__all__ = ["JunctionFinder", "choose_junction_finder", "load_junction_finder"]


@dataclass(frozen=True)
class JunctionFinder:
    """What sees the junctions of all monolayers of a batch.

    Parameters
    ----------
    name : str
        Name or folder of a model, or ``ridge``.
    spec : JunctionSpec, optional
        Its facts; None for the ridge filter.
    is_for_want : bool
        Whether it is the ridge filter because the usual model is not installed.
    """

    name: str = WITHOUT_MODEL
    spec: JunctionSpec | None = None
    is_for_want: bool = False

    @property
    def sha256(self) -> str:
        """Of its weights; empty for the ridge filter."""
        return "" if self.spec is None else self.spec.sha256

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the choice."""
        if not self.is_for_want:
            return ()
        why = f"the model {DEFAULT_MODEL} is not installed: junctions were seen by the ridge filter"
        return (f"{why}; do not compare them with those that a model sees",)


def choose_junction_finder(plan: Plan, settings: Settings) -> JunctionFinder | None:
    """Choose what sees junctions, once for the whole batch.

    Parameters
    ----------
    plan : Plan
        The slides.
    settings : Settings
        What was named; without it ``junctions-v1`` where it is installed, else the ridge filter.

    Returns
    -------
    JunctionFinder or None
        None where no slide is a monolayer.

    Raises
    ------
    UnknownModel, CorruptModel
        If the model that was named is not installed, or damaged.
    InvalidArgument
        If one was named but no slide is a monolayer.
    """
    named = settings.junction_model
    if not any(slide.is_monolayer for slide in plan.slides):
        if named is not None:
            raise InvalidArgument(
                "what sees junctions was named, but no slide is a monolayer",
                expected="a slide with preparation = monolayer in the design table",
                got=named,
                next_step="Leave --junction-model out, or mend the design table.",
            )
        return None
    if named == WITHOUT_MODEL:
        return JunctionFinder()
    try:
        return JunctionFinder(named or DEFAULT_MODEL, load_junction_model(named or DEFAULT_MODEL).spec)
    except UnknownModel:
        if named is not None:
            raise
        return JunctionFinder(is_for_want=True)


@lru_cache(maxsize=1)
def load_junction_finder(name: str, sha256: str) -> JunctionModel | str:
    """Load a model once a process, and make sure that it is the one that the batch began with.

    Returns
    -------
    JunctionModel or str
        As `histo.measure_junctions` takes it.

    Raises
    ------
    CorruptModel
        If it was changed while the batch ran.
    """
    if name == WITHOUT_MODEL:
        return name
    model = load_junction_model(name)
    if model.spec.sha256 != sha256:
        raise CorruptModel(
            "the junction model was changed while the batch ran",
            expected=f"sha256 {sha256}",
            got=f"sha256 {model.spec.sha256}",
        )
    return model
