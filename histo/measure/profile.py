"""Reading shares of tissue along many lines at once, and finding where runs of it begin and end between the steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from histo.measure.grid import Kind, TissueGrid, sample, sample_each

__all__ = ["bridge", "crossing_after", "crossing_before", "longest_run", "read_profiles", "rise_nearest", "run_end"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Steps = NDArray[np.int64]


def read_profiles(fine: TissueGrid, kinds: Sequence[tuple[Kind, ...]], lines_um: Floats) -> list[Floats]:
    """Share of kinds along each line, 0 to 1; not a number where nobody knows: off the map and in what is hidden.

    Parameters
    ----------
    fine : TissueGrid
    kinds : sequence of tuple of Kind
        Which kinds count together, for each profile wanted.
    lines_um : (n, m, 2) array
        Points of n lines, µm from the corner of the map; a line that ends early goes on as not a number.

    Returns
    -------
    list of (n, m) array
        One for each entry of `kinds`.
    """
    row, col = lines_um[..., 0], lines_um[..., 1]
    height, width = (n * fine.pixel_um for n in fine.shape)
    is_off = ~((row >= 0) & (row <= height) & (col >= 0) & (col <= width))
    points = np.where(is_off[..., None], 0.0, lines_um)
    if fine.hidden is not None:
        is_off |= sample(fine.hidden, points, fine.pixel_um, order=0) > 0
    shares = sample_each([fine.share(*together) for together in kinds], points, fine.pixel_um)
    return [np.where(is_off, np.nan, share / 255) for share in shares]


def bridge(inside: Flags, n: int) -> Flags:
    """Fill gaps of at most n steps between two runs of a row."""
    steps = np.arange(inside.shape[1])[None]
    before = np.maximum.accumulate(np.where(inside, steps, -(10**9)), axis=1)
    after = np.minimum.accumulate(np.where(inside, steps, 10**9)[:, ::-1], axis=1)[:, ::-1]
    filled: Flags = inside | (after - before <= n + 1)
    return filled


def longest_run(inside: Flags) -> tuple[Steps, Steps, Flags]:
    """First and last step of each row's longest run, the first of equal ones, and whether there is any."""
    steps = np.arange(inside.shape[1])[None]
    start = np.maximum.accumulate(np.where(inside, -1, steps), axis=1) + 1
    length = np.where(inside, steps - start + 1, 0)
    last = length.argmax(axis=1)
    best = np.take_along_axis(length, last[:, None], axis=1)[:, 0]
    return last - best + 1, last, best > 0


def rise_nearest(share: Floats, origin: int) -> Floats:
    """Where each row's share rises through one half, nearest to a step; in steps from it, not a number if nowhere."""
    low, high = share[:, :-1], share[:, 1:]
    rises = (low < 0.5) & (high >= 0.5)
    at = np.arange(share.shape[1] - 1)[None] - origin + (0.5 - low) / np.maximum(high - low, 1e-9)
    best = np.where(rises, np.abs(at), np.inf).argmin(axis=1)
    found = np.take_along_axis(at, best[:, None], axis=1)[:, 0]
    return np.where(rises.any(axis=1), found, np.nan)


def run_end(inside: Flags, share: Floats, first: Steps) -> Floats:
    """Where the run that holds each row's step `first` ends, in steps; not a number where it reaches the line's end."""
    outside = ~inside & (np.arange(inside.shape[1])[None] > first[:, None])
    last = np.where(outside.any(axis=1), outside.argmax(axis=1) - 1, inside.shape[1] - 1)
    return crossing_after(share, last)


def crossing_after(share: Floats, last: Steps) -> Floats:
    """Where the share falls through one half behind the last step that holds it; not a number at the line's end."""
    step = np.minimum(last, share.shape[1] - 2)
    here, there = _two(share, step, 1)
    fraction = np.clip((here - 0.5) / np.maximum(here - there, 1e-9), 0, 1)
    return np.where(last < share.shape[1] - 1, step + fraction, np.nan)


def crossing_before(share: Floats, first: Steps) -> Floats:
    """Where the share rises through one half before the first step that holds it; the line's start at the least."""
    step = np.maximum(first, 1)
    here, there = _two(share, step, -1)
    fraction = np.clip((here - 0.5) / np.maximum(here - there, 1e-9), 0, 1)
    return np.where(first > 0, step - fraction, 0.0)


def _two(share: Floats, step: Steps, way: int) -> tuple[Floats, Floats]:
    here, there = (np.take_along_axis(share, (step + k)[:, None], axis=1)[:, 0] for k in (0, way))
    return here, there
