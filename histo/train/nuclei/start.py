"""Where a nuclei training starts from: random weights, photographs, or another nuclei model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from histo.errors import InvalidRecipe
from histo.nn import NucleiModel, find_model, read_nuclei_model
from histo.nn.nuclei_network import NucleiNet
from histo.nn.spec import Normalisation
from histo.train.lineage import RECIPE_FILE
from histo.train.nuclei.recipe import NucleiRecipe, read_nuclei_recipe
from histo.train.photographs import OF_PHOTOGRAPHS, ORIGIN, load_photographs
from histo.train.recipe import FROM_PHOTOGRAPHS, FROM_RANDOM

__all__ = ["NucleiStart"]


@dataclass(frozen=True, eq=False)
class NucleiStart:
    """The weights that a recipe starts from, and what lies behind them.

    Parameters
    ----------
    recipe : NucleiRecipe
        Its `start` says which.
    model : NucleiModel or None
        The model that it starts from; None for random weights and photographs.
    """

    recipe: NucleiRecipe
    model: NucleiModel | None

    @classmethod
    def of(cls, recipe: NucleiRecipe, beside: Path) -> NucleiStart:
        """Find what a recipe starts from.

        Parameters
        ----------
        recipe : NucleiRecipe
        beside : Path
            Folder that a model's folder is relative to.

        Raises
        ------
        UnknownModel, CorruptModel
            If it is a model that is not there, or damaged.
        InvalidRecipe
            If that model tells other classes apart, sees other pixels or another stain, or has learned from pictures
            that the recipe holds out.
        """
        if recipe.start in (FROM_PHOTOGRAPHS, FROM_RANDOM):
            return cls(recipe, None)
        near = beside / recipe.start
        folder = near if near.is_dir() else find_model(recipe.start)
        model = read_nuclei_model(folder)
        _check_network(recipe, model)
        _check_held_out(recipe, folder)
        return cls(recipe, model)

    @property
    def normalisation(self) -> Normalisation:
        """How pictures are normalised for these weights."""
        if self.model is not None:
            return self.model.spec.normalisation
        return OF_PHOTOGRAPHS if self.recipe.start == FROM_PHOTOGRAPHS else Normalisation()

    @property
    def learned_from(self) -> tuple[str, ...]:
        """Names of the sets that the weights have learned from."""
        if self.model is not None:
            return self.model.spec.trained_on
        return ("ImageNet (the encoder)",) if self.recipe.start == FROM_PHOTOGRAPHS else ()

    def describe(self) -> str:
        """Say for a card what it started from."""
        if self.model is None:
            return (
                f"The encoder began with photographs: {ORIGIN}."
                if self.learned_from
                else "It began with random weights."
            )
        spec = self.model.spec
        return (
            f"It began with the weights of {spec.name}, version {spec.version}, sha256 `{spec.sha256}`, which had"
            f" learned from {', '.join(spec.trained_on)}."
        )

    def load(self, network: NucleiNet) -> None:
        """Put the weights into a network of random ones; photographs teach its encoder only."""
        if self.model is not None:
            network.load_state_dict(self.model.network.state_dict())
        elif self.recipe.start == FROM_PHOTOGRAPHS:
            load_photographs(network.encoder)


def _check_network(recipe: NucleiRecipe, model: NucleiModel) -> None:
    theirs, ours = ((one.stain, f"{one.mpp:g} µm/px", *one.classes) for one in (model.spec, recipe))
    if theirs != ours:
        raise InvalidRecipe(
            f"the recipe's network is not that of {recipe.start}", expected=", ".join(theirs), got=", ".join(ours)
        )


def _check_held_out(recipe: NucleiRecipe, folder: Path) -> None:
    """Refuse to judge by pictures that the starting weights have learned from."""
    if not (folder / RECIPE_FILE).is_file():
        return
    before = read_nuclei_recipe(folder / RECIPE_FILE)
    learned = {entry.folder: entry for entry in before.sets if entry.share > 0}
    seen = [
        name
        for entry in recipe.sets
        for name in entry.held_out
        if entry.folder in learned and not learned[entry.folder].holds_out(name)
    ]
    if seen:
        raise InvalidRecipe(
            f"{before.name}, which the training starts from, has learned from pictures that are to be held out",
            got=", ".join(seen),
            next_step="Hold out others, or start from weights that have not seen them.",
        )
