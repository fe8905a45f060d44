"""Training that a lab can repeat: a recipe in, a judged model out."""

from __future__ import annotations

from histo.train.evaluation import evaluate, judge, judgement_table
from histo.train.export import export_model, model_folder
from histo.train.fine_tune import write_fine_tuning_recipe
from histo.train.leave_one_out import leave_one_source_out
from histo.train.left_out import LeftOut
from histo.train.loop import Progress, run_training
from histo.train.recipe import Recipe, read_recipe
from histo.train.run import open_run
from histo.train.training import train
from histo.train.verdict import compare_with_start

__all__ = [
    "LeftOut",
    "Progress",
    "Recipe",
    "compare_with_start",
    "evaluate",
    "export_model",
    "judge",
    "judgement_table",
    "leave_one_source_out",
    "model_folder",
    "open_run",
    "read_recipe",
    "run_training",
    "train",
    "write_fine_tuning_recipe",
]
