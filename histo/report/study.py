"""A study that can also write its report."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd

from histo.errors import CorruptResults
from histo.io.results import read_table
from histo.report.page import render_report
from histo.report.repeats import RepeatTables
from histo.study import StudyTables

__all__ = ["Study"]

_SHOWN = ("exclusions", "scores", "thresholds", "positivity")


class Study(StudyTables):
    """The sections of a study, what follows from them about animals and groups, and the report on it.

    Examples
    --------
    >>> study = Study.from_results("results/", design="animals.csv")  # doctest: +SKIP
    >>> study.compare("crypt_depth_um")  # doctest: +SKIP
    >>> study.report("report.html")  # doctest: +SKIP
    """

    def report(self, path: str | os.PathLike[str], *, title: str = "") -> Path:
        """Write the report: one self-contained HTML page, and its figures as files in a folder beside it.

        A study that was read from a results folder shows that folder's overlays, failures, exclusions, scores,
        thresholds, ``run.json`` and the course of its measures along the gut.

        Parameters
        ----------
        path : path-like
            The HTML file.
        title : str, optional
            Heading of the page.

        Returns
        -------
        Path
            The page.

        Raises
        ------
        CorruptResults
            If the folder's ``run.json`` or a table of it do not read.
        """
        return render_report(
            self,
            path,
            overlays=self._overlays(),
            failures=self._table("failures"),
            run=self._run(),
            repeats=self._repeats(),
            tables={name: table for name in _SHOWN if (table := self._table(name)) is not None},
            title=title,
        )

    def _overlays(self) -> Path | None:
        return self.folder / "overlays" if self.folder is not None and (self.folder / "overlays").is_dir() else None

    def _table(self, name: str) -> pd.DataFrame | None:
        if self.folder is None or not (self.folder / f"{name}.parquet").is_file():
            return None
        return read_table(self.folder, name)

    def _repeats(self) -> RepeatTables | None:
        villi, crypts, units, layers = (self._table(name) for name in ("villi", "crypts", "units", "layers"))
        if villi is None or crypts is None or units is None or layers is None:
            return None
        return RepeatTables(villi, crypts, units, layers)

    def _run(self) -> dict[str, object] | None:
        if self.folder is None or not (self.folder / "run.json").is_file():
            return None
        path = self.folder / "run.json"
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CorruptResults(
                "the record of the run does not read",
                file=path,
                expected="JSON",
                got=str(error),
                next_step="Score the folder again; finished slides are kept.",
            ) from error
        if not isinstance(run, dict):
            raise CorruptResults("the record of the run is not a JSON object", file=path, got=type(run).__name__)
        return run
