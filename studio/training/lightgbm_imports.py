"""Keeps LightGBM from loading libraries that it would use where they are installed: they take most of its time."""

import sys

# For its wrappers, plots and clusters, of which nothing is used here.
_UNUSED = ("sklearn", "pandas", "matplotlib", "graphviz", "dask", "pyarrow")


def block_unused_imports() -> None:
    """Have an import of what is unused fail at once, as if it were absent; for processes of the studio's own."""
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
