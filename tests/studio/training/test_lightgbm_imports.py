"""LightGBM is imported without its optional libraries."""

from tests.studio.running import printed_by


def _loaded(before: str) -> list[str]:
    """Return which of the unused a process has after it has trained a small model."""
    code = (
        f"{before}import sys, lightgbm, numpy as np\n"
        "data = lightgbm.Dataset(np.arange(40.0).reshape(-1, 1), np.arange(40) % 2, params={'verbose': -1})\n"
        "assert lightgbm.train({'verbose': -1, 'min_data_in_leaf': 1}, data, 2).num_trees() == 2\n"
        "print(*[name for name in ('sklearn', 'pandas', 'matplotlib', 'dask') if sys.modules.get(name)])"
    )
    return printed_by(code).split()


def test_a_process_that_trains_loads_nothing_unused() -> None:
    """scikit-learn, which is installed here for comparison, is not imported, and the training works without it."""
    assert "sklearn" in _loaded("")
    assert _loaded("from studio.training.lightgbm_imports import block_unused_imports; block_unused_imports()\n") == []
