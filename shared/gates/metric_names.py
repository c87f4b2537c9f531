"""Names of metrics, which every module of an evaluation spells a little differently (pure; protocol 5.5)."""

import re


def metric_key(name: str) -> str:
    """Return what two spellings of one metric share: case, spaces, `_` and `-` do not count."""
    return re.sub(r"[\s_\-]+", "", name).casefold()
