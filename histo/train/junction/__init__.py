"""Training of networks that see junctions: drawn fields of which all is known, and real ones of which a part is."""

from __future__ import annotations

from histo.train.junction.evaluation import judge_junction_maps, judge_junctions, junction_table
from histo.train.junction.export import export_junction_model
from histo.train.junction.field import JunctionField, load_junction_field
from histo.train.junction.recipe import JunctionRecipe, read_junction_recipe
from histo.train.junction.run import JunctionRun, open_junction_run, run_junction_training
from histo.train.junction.training import train_junctions
from histo.train.junction.truth import JunctionTruth, Known

__all__ = [
    "JunctionField",
    "JunctionRecipe",
    "JunctionRun",
    "JunctionTruth",
    "Known",
    "export_junction_model",
    "judge_junction_maps",
    "judge_junctions",
    "junction_table",
    "load_junction_field",
    "open_junction_run",
    "read_junction_recipe",
    "run_junction_training",
    "train_junctions",
]
