"""histo in napari: open slides and results in true micrometres."""
