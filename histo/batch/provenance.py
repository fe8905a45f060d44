"""run.json: from what, with what, when and where the results of a folder came to be."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from histo import __version__
from histo.batch.cell_assembly import CellRules
from histo.batch.planning import Plan
from histo.batch.record import read_record
from histo.batch.settings import Settings
from histo.batch.summary import RunSummary
from histo.io.results import write_atomically
from histo.nn import JunctionSpec, ModelSpec, NucleiSpec

__all__ = ["RUN_RECORD_NAME", "UsedModels", "write_run_record"]

RUN_RECORD_NAME = "run.json"
_MODEL_FACTS = {"name", "version", "sha256", "mpp", "licence", "trained_on", "validated_on"}
_PACKAGES = ("imagecodecs", "numpy", "opencv-python-headless", "pandas", "scikit-image", "scipy", "tifffile", "torch")


@dataclass(frozen=True)
class UsedModels:
    """Facts of the models that a batch was scored with.

    Parameters
    ----------
    structure : ModelSpec
        What saw compartments.
    nuclei : tuple of NucleiSpec
        What found cells.
    junctions : tuple of JunctionSpec
        What saw junctions; none where that was the ridge filter.
    """

    structure: ModelSpec
    nuclei: tuple[NucleiSpec, ...] = ()
    junctions: tuple[JunctionSpec, ...] = ()


def write_run_record(
    plan: Plan,
    settings: Settings,
    rules: CellRules,
    models: UsedModels,
    device: str,
    summary: RunSummary,
) -> None:
    """Write ``run.json`` into the results folder.

    Parameters
    ----------
    plan : Plan
        The slides, and what was left aside.
    settings : Settings
        As they were given.
    rules : CellRules
        By what cells were judged.
    models : UsedModels
        Facts of them.
    device : str
        Where the network ran.
    summary : RunSummary
        What came of it.
    """
    record = {
        "version": __version__,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "python": platform.python_version(), "device": device},
        "packages": {name: version(name) for name in _PACKAGES},
        "model": models.structure.model_dump(mode="json", include=_MODEL_FACTS),
        "nuclei_models": [spec.model_dump(mode="json") for spec in models.nuclei],
        "junction_models": [spec.model_dump(mode="json") for spec in models.junctions],
        "settings": asdict(settings),
        "phenotypes": {name: str(rule) for name, rule in rules.phenotypes},
        "summary": summary.to_dict(),
        "slides": [_slide(summary, slide.name) for slide in plan.slides],
        "ignored": [{"path": str(file.path), "reason": file.reason} for file in plan.ignored],
    }
    with write_atomically(summary.results / RUN_RECORD_NAME) as unfinished:
        unfinished.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _slide(summary: RunSummary, name: str) -> dict[str, object]:
    record = read_record(summary.results, name)
    return {"slide": name, "failed": True} if record is None else asdict(record)
