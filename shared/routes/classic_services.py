"""The classic web services of a route: the training web service and the endpoints of the predictive one (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from shared.routes.host_allowlist import AllowedHosts, host_of
from shared.routes.route import Endpoint, Training


@dataclass(frozen=True, kw_only=True)
class ClassicTraining(Training):
    """A training web service (protocol 1)."""

    jobs_url: str  # ends in /jobs, without a query
    api_key: str = field(repr=False)
    api_key_setting: str  # the app setting that holds the key; errors name it
    evaluation_row: int = 0  # counted from 0; an evaluation may have a second row (protocol 5)
    global_parameters: Mapping[str, str] = field(default_factory=dict)
    api_key_secondary: str = field(default="", repr=False)  # tried when the service refuses the primary key
    api_key_secondary_setting: str = ""

    @property
    def urls(self) -> Mapping[str, str]:
        """The URLs that the settings name, by their keys."""
        return {"jobs_url": self.jobs_url}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its keys; "" for one that is not set."""
        return (self.api_key, self.api_key_secondary)

    @cached_property
    def allowed(self) -> AllowedHosts:
        """The hosts that may receive the key, whatever else is allowed."""
        return AllowedHosts([host_of(self.jobs_url)], "the jobs_url that its key is for")


@dataclass(frozen=True, kw_only=True)
class ClassicEndpoint(Endpoint):
    """One endpoint of the predictive web service (protocol 2 and 3)."""

    patch_url: str
    execute_url: str
    api_key: str = field(repr=False)
    api_key_setting: str
    input: str = "input1"  # the name of the request-response input
    api_key_secondary: str = field(default="", repr=False)
    api_key_secondary_setting: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its keys; "" for one that is not set."""
        return (self.api_key, self.api_key_secondary)

    @property
    def address(self) -> str:
        """What tells it from all other endpoints: two routes never share one; "" if it is missing."""
        return self.patch_url

    @property
    def urls(self) -> Mapping[str, str]:
        """The URLs that the settings name, by their keys."""
        return {"patch_url": self.patch_url, "execute_url": self.execute_url}

    @cached_property
    def allowed(self) -> AllowedHosts:
        """The hosts that may receive the key, whatever else is allowed."""
        return AllowedHosts(map(host_of, (self.patch_url, self.execute_url)), "the URLs that its key is for")
