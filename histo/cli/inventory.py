"""What is installed: models, packages, devices; for ``histo models`` and ``histo doctor``."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from histo.errors import CorruptModel, InvalidArgument

__all__ = [
    "describe_codecs",
    "describe_devices",
    "describe_extras",
    "describe_models",
    "describe_packages",
    "describe_system",
]

_PACKAGES = (
    "histo-gut",
    "numpy",
    "scipy",
    "pandas",
    "scikit-image",
    "opencv-python-headless",
    "tifffile",
    "imagecodecs",
    "zarr",
    "torch",
    "torchvision",
)
_EXTRAS = {
    "napari": ("napari", "reviewing and correcting in napari"),
    "dask": ("distributed", "batches over several machines"),
    "czi": ("czifile", "Zeiss CZI slides"),
    "dicom": ("pydicom", "DICOM whole slides"),
}
_CODECS = ("JPEG", "JPEG2K", "LZW", "DEFLATE", "ZSTD")


def describe_system() -> dict[str, str]:
    """Say which Python on which system."""
    return {"python": platform.python_version(), "executable": sys.executable, "system": platform.platform()}


def describe_packages() -> dict[str, str]:
    """Say which versions of the packages that results depend on are installed; an absent one is ``missing``."""
    return {name: _version(name) for name in _PACKAGES}


def describe_codecs() -> dict[str, bool]:
    """Say which compressions of slides can be decoded."""
    import imagecodecs

    return {name.lower(): bool(getattr(imagecodecs, name).available) for name in _CODECS}


def describe_extras() -> list[dict[str, object]]:
    """Say which extras are installed, and what each is for."""
    return [
        {"extra": extra, "is_installed": find_spec(module) is not None, "needed_for": purpose}
        for extra, (module, purpose) in _EXTRAS.items()
    ]


def describe_devices() -> dict[str, bool]:
    """Say where networks can run."""
    from histo.nn import choose_device

    def is_there(name: str) -> bool:
        try:
            choose_device(name)
        except InvalidArgument:
            return False
        return True

    return {name: is_there(name) for name in ("cpu", "cuda", "mps")}


def describe_models() -> list[dict[str, object]]:
    """List the models, loading each so that its weights are checked against the sha256 on record.

    Returns
    -------
    list of dict
        ``state`` is ``ok`` or says what is wrong.
    """
    from histo.nn import list_models, load_junction_model, load_model, load_nuclei_model

    loaders = {"structure": load_model, "nuclei": load_nuclei_model, "junctions": load_junction_model}
    described = []
    for spec in list_models():
        try:
            loaders[spec.task](spec.name)
            state = "ok"
        except CorruptModel as error:
            state = str(error)
        described.append({**spec.model_dump(mode="json"), "state": state})
    return described


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
