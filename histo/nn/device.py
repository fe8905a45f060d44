"""Where a network runs, how many tiles at once, and at which precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from histo.errors import InvalidArgument

__all__ = ["autocast", "choose_device", "tiles_at_once"]

_TILES_ON_ACCELERATOR = 16
# Each holds the activations of one tile, about 100 MB.
_MOST_THREADS = 8


def choose_device(name: str | None = None) -> torch.device:
    """Choose a device.

    Parameters
    ----------
    name : str, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``. Without it the fastest there is.

    Returns
    -------
    torch.device

    Raises
    ------
    InvalidArgument
        If there is no such device on this machine.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name is None:
        name = next((kind for kind in ("cuda", "mps") if _is_there(kind)), "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or not _is_there(device.type, device.index or 0):
        there = ", ".join(kind for kind in ("cpu", "cuda", "mps") if _is_there(kind))
        raise InvalidArgument(
            "no such device on this machine",
            expected=f"one of {there}",
            got=repr(name),
            next_step="Leave the device out to take the fastest there is.",
        )
    return device


def tiles_at_once(device: torch.device) -> int:
    """Say how many tiles to have in work at once: threads on the CPU, the batch elsewhere.

    On the CPU these are torch's own number of threads, which OMP_NUM_THREADS sets: so a batch that shares the cores out
    among its workers is obeyed.
    """
    return min(torch.get_num_threads(), _MOST_THREADS) if device.type == "cpu" else _TILES_ON_ACCELERATOR


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Mix bfloat16 in on a CUDA device that has it; full precision elsewhere, where it would be slower."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def _is_there(kind: str, index: int = 0) -> bool:
    if kind == "cuda":
        return index < torch.cuda.device_count()
    return kind == "cpu" or (kind == "mps" and torch.backends.mps.is_available())
