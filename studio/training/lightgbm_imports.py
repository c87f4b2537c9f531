"""Keeps LightGBM from importing optional libraries, which take most of the time of its import."""

import sys

# For its wrappers, plots and clusters, which the studio does not use.
_UNUSED = ("sklearn", "pandas", "matplotlib", "graphviz", "dask", "pyarrow")


def block_unused_imports() -> None:
    """Make the import of an unused library fail at once, as if it were not installed; for the studio's processes."""
    for name in _UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
