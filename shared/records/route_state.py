"""What a route is at present, beside its runs: the row `active;!route` (pure)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RouteState:
    """The state of a route.

    Attributes:
        schema: the number of the schema in force; 0 before the first.
        schema_file: the version (ETag) of the file in routes.toml that was last taken as a schema; "" if none was.
    """

    route: str
    schema: int = 0
    schema_file: str = ""
