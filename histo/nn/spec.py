"""What a model's ``model.toml`` says: the facts that a prediction needs, and where the model comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from histo.errors import CorruptModel
from histo.nn.encoder import ENCODERS
from histo.nn.network import STRIDE
from histo.nn.toml import write_toml
from histo.types import Compartment

__all__ = ["ModelFacts", "ModelSpec", "Normalisation", "parse_facts", "read_facts", "read_spec", "write_spec"]

Facts = TypeVar("Facts", bound=BaseModel)
Channel = Annotated[float, Field(ge=0.0, le=1.0)]
Spread = Annotated[float, Field(gt=0.0, le=1.0)]


class Normalisation(BaseModel):
    """Mean and spread of the red, green and blue that the network was shown, of a range 0 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: tuple[Channel, Channel, Channel] = (0.78, 0.62, 0.74)
    std: tuple[Spread, Spread, Spread] = (0.19, 0.24, 0.18)


class ModelFacts(BaseModel):
    """What is said of every model, whatever it finds.

    Parameters
    ----------
    name : str
        The name of its folder: ``structure-v1``.
    version : str
        Of the weights; raised when they change under the same name.
    normalisation : Normalisation
        Turns RGB into the network's input.
    file, sha256 : str
        The weights file, in the same folder, and its hash.
    licence : str
        Under which the weights may be used: the strictest of what they were trained on.
    trained_on : tuple of str
        Names of the image sets behind the weights; ``drawn sections`` for `histo.phantom`.
    validated_on : tuple of str
        Names of the real image sets of which a part was held out and judged by; empty if there is none yet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    version: str = "1"
    normalisation: Normalisation = Normalisation()
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$")] = "weights.safetensors"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: str
    trained_on: tuple[str, ...]
    validated_on: tuple[str, ...] = ()


class ModelSpec(ModelFacts):
    """Facts of one model of compartments; the others are those of `ModelFacts`.

    Parameters
    ----------
    task : str
        What it predicts: ``structure`` is compartments.
    encoder : str
        One of `histo.nn.encoder.ENCODERS`.
    output_stride : {1, 2}
        Whether the decoder goes up to the image's own size, or to half of it.
    classes : list of str
        What each output channel is, named as `Compartment` labels.
    mpp : float
        µm per pixel that it was trained at and sees images at.
    tile, halo : int
        Side of the square that the network sees at once, and the rim of it that is thrown away, in pixels of `mpp`.
    temperature : float
        What its logits are divided by before they become probabilities (Guo et al. 2017): above 1 if it is surer than
        it should be. No label depends on it.
    """

    task: Literal["structure"] = "structure"
    encoder: str
    output_stride: Literal[1, 2] = 2
    classes: tuple[str, ...]
    mpp: Annotated[float, Field(gt=0.0, le=20.0)]
    tile: Annotated[int, Field(ge=STRIDE, le=4096, multiple_of=STRIDE)] = 512
    halo: Annotated[int, Field(ge=0)] = 64
    temperature: Annotated[float, Field(ge=0.05, le=20.0)] = 1.0

    @field_validator("encoder")
    @classmethod
    def _check_encoder(cls, encoder: str) -> str:
        if encoder not in ENCODERS:
            raise ValueError(f"must be one of {', '.join(ENCODERS)}")
        return encoder

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in classes if name not in {member.label for member in Compartment}]
        if unknown:
            raise ValueError(f"not compartments: {', '.join(unknown)}")
        if len(classes) < 2 or len(set(classes)) != len(classes):
            raise ValueError("must be at least two compartments, each once")
        return classes

    @model_validator(mode="after")
    def _check_halo(self) -> ModelSpec:
        if 2 * self.halo >= self.tile:
            raise ValueError(f"halo {self.halo} leaves nothing of a tile of {self.tile}")
        return self

    @property
    def compartments(self) -> tuple[Compartment, ...]:
        """What each output channel is."""
        return tuple(Compartment.from_label(name) for name in self.classes)

    @property
    def step(self) -> int:
        """Distance between tiles: the side of the part that is kept."""
        return self.tile - 2 * self.halo


def read_spec(path: Path, kind: type[Facts]) -> Facts:
    """Read the ``model.toml`` of a model of a task.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        `ModelSpec`, or the facts of another task.

    Returns
    -------
    ModelFacts
        Of that kind.

    Raises
    ------
    CorruptModel
        If it is absent or unreadable, or says what no such model can be; the message lists all problems.
    """
    return parse_facts(read_facts(path), kind, path)


def read_facts(path: Path) -> dict[str, object]:
    """Read a ``model.toml`` without judging what it says.

    Raises
    ------
    CorruptModel
        If it is absent or unreadable.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorruptModel(
            "the model's description does not read", file=path, got=str(error), next_step=_NEXT_STEP
        ) from error
    return entries


def write_spec(path: Path, spec: BaseModel) -> None:
    """Write a ``model.toml`` that reads back equal."""
    path.write_text(write_toml(spec.model_dump(mode="json")), encoding="utf-8")


def parse_facts(entries: Mapping[str, object], kind: type[Facts], path: Path) -> Facts:
    """Check what a ``model.toml`` says.

    Parameters
    ----------
    entries : mapping
        From `read_facts`.
    kind : type
        `ModelSpec`, or the facts of another task.
    path : Path
        Of the file, for the message.

    Raises
    ------
    CorruptModel
        If it says what no such model can be; the message lists all problems.
    """
    try:
        return kind.model_validate(entries)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'model'}: {problem['msg']}" for problem in error.errors()
        )
        raise CorruptModel(
            "the model's description is not valid", file=path, got=problems, next_step=_NEXT_STEP
        ) from error


_NEXT_STEP = "Install the model again, or make it with histo train."
