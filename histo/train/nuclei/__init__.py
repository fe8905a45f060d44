"""Training of networks that find nuclei: sets of which each knows only a part of the truth."""

from __future__ import annotations

from histo.train.nuclei.evaluation import FoundNuclei, judge_field, judge_nuclei, nuclei_table, predict_field
from histo.train.nuclei.export import export_nuclei_model
from histo.train.nuclei.field import NucleiField, load_field
from histo.train.nuclei.recipe import NucleiRecipe, read_nuclei_recipe
from histo.train.nuclei.run import NucleiRun, open_nuclei_run, run_nuclei_training
from histo.train.nuclei.training import train_nuclei
from histo.train.nuclei.truth import NucleiTruth

__all__ = [
    "FoundNuclei",
    "NucleiField",
    "NucleiRecipe",
    "NucleiRun",
    "NucleiTruth",
    "export_nuclei_model",
    "judge_field",
    "judge_nuclei",
    "load_field",
    "nuclei_table",
    "open_nuclei_run",
    "predict_field",
    "read_nuclei_recipe",
    "run_nuclei_training",
    "train_nuclei",
]
