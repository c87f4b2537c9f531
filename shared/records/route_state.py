"""What a route is at present, beside its runs: the row `active;!route` (pure)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RouteState:
    """The state of a route.

    Attributes:
        schema: the number of the schema in force; 0 before the first.
    """

    route: str
    schema: int = 0
