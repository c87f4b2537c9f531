"""A mutation: a patch that takes one guard out of the production code."""

from collections.abc import Callable

import pytest

type Mutation = Callable[[pytest.MonkeyPatch], None]
