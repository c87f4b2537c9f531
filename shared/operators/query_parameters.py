"""Checks the query of a request: a misspelt or repeated parameter would silently select nothing (pure)."""

from collections import Counter
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

# The host's own parameters: the function key and the key's name. No answer repeats them.
_HOST_PARAMETERS = frozenset({"code", "clientid"})


def query_problems(url: str, parameters: Mapping[str, str], allowed: Collection[str]) -> list[str]:
    """Return the problems of a query's names: each name must be in `allowed`, and may be given once.

    `parameters`: the query of `url` as the host parsed it; the host joins the values of a repeated name.
    """
    query = url.partition("?")[2].partition("#")[0]  # no URL parser: the host part is the caller's, and may be invalid
    named = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    own = [name for name in dict.fromkeys([*named, *parameters]) if name.lower() not in _HOST_PARAMETERS]
    hint = f"allowed are {', '.join(allowed)}" if allowed else "no parameters are allowed here"
    problems = [f"the query parameter {name!r} is unknown; {hint}" for name in own if name not in allowed]
    counts = Counter(named)
    repeated = [name for name in own if counts[name] > 1]
    return problems + [f"the query parameter {name!r} is given {counts[name]} times: give it once" for name in repeated]
