"""The query of a request to the app: known parameters, each once; a misspelt one would narrow nothing down (pure)."""

from collections import Counter
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

# The host's own: the function key and the name of the key. Read by nobody here, and repeated in no answer.
_OF_THE_HOST = frozenset({"code", "clientid"})


def query_problems(url: str, parameters: Mapping[str, str], known: Collection[str]) -> list[str]:
    """Return what is wrong with the names of a query: of `known` ones each may stand there once.

    `parameters` are what the host made of the query of `url`; of a name that is repeated it makes one text.
    """
    query = url.partition("?")[2].partition("#")[0]  # the host part is the caller's, and may be none
    named = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    own = [name for name in dict.fromkeys([*named, *parameters]) if name.lower() not in _OF_THE_HOST]
    there_is = f"known are {', '.join(known)}" if known else "there are none here"
    problems = [f"the query parameter {name!r} is unknown; {there_is}" for name in own if name not in known]
    often = Counter(named)
    return problems + [f"the query parameter {name!r} is given {often[name]} times" for name in own if often[name] > 1]
