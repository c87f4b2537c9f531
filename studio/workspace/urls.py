"""The addresses under which callers reach services and endpoints."""

from dataclasses import dataclass

from studio.workspace.services import Endpoint


@dataclass(frozen=True)
class Urls:
    """The URLs of one workspace; `base_url` is what callers reach the studio by, without a slash at the end."""

    base_url: str
    workspace_id: str

    @property
    def management(self) -> str:
        """What the URLs of the management API begin with (protocol 3.1)."""
        return f"{self.base_url}/management/workspaces/{self.workspace_id}"

    def patch(self, endpoint: Endpoint) -> str:
        """Return where an endpoint is read, changed, given another model and deleted (protocol 3.2)."""
        return f"{self.management}/webservices/{endpoint.service.id}/endpoints/{endpoint.name}"

    def api(self, endpoint: Endpoint) -> str:
        """Return the run URL without its verb: append `/execute` or `/jobs` (protocol 3.2)."""
        return f"{self.base_url}/workspaces/{self.workspace_id}/services/{endpoint.id}"

    def help(self, endpoint: Endpoint) -> str:
        """Return where an endpoint's help pages are (protocol 3.2)."""
        place = f"apihelp/workspaces/{self.workspace_id}/webservices/{endpoint.service.id}/endpoints/{endpoint.id}"
        return f"{self.base_url}/{place}"
