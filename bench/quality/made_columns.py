"""Columns of generated tables: numbers by position, texts by code, and the generator that draws them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

type Rng = np.random.Generator
type Columns = dict[str, NDArray[Any]]


def sklearn_seed(rng: Rng) -> int:
    """Draw a seed for scikit-learn."""
    return int(rng.integers(2**31))


def numbered(matrix: NDArray[Any]) -> Columns:
    """Return the columns of a matrix by name: x0, x1 and so on."""
    return {f"x{at}": np.ascontiguousarray(values) for at, values in enumerate(matrix.T)}


def texts(prefix: str, codes: NDArray[Any]) -> NDArray[Any]:
    """Return codes as texts with a prefix."""
    return np.array([f"{prefix}{code}" for code in codes.tolist()])
