"""The ports of a stack: the usual ones, free ones, or those that its state folder remembers."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import psutil

from landfall.stack.azurite import AzuritePorts
from landfall.stack.ports import free_ports, is_free

USUAL_AZURITE = (10000, 10001, 10002)
USUAL_STUDIO = 8600
USUAL_HOST = 7071
# By the port's name: its service, and the effect of a change.
_EFFECTS = {
    "blob": ("the blob service", "jobs in flight, and links to files, use the old address"),
    "queue": ("the queue service", "tools that use the old address do not find it"),
    "table": ("the table service", "tools that use the old address do not find it"),
    "studio": ("the studio", "callers of its services and endpoints use the old URLs"),
    "host": ("the functions host", "approval links and tools use the old URL"),
}


@dataclass(frozen=True)
class StackPorts:
    """The ports of a stack's parts on 127.0.0.1."""

    azurite: AzuritePorts
    studio: int
    host: int

    @classmethod
    def usual_or_free(cls) -> Self:
        """Return the usual ports, or free ones where they are taken."""
        usual = all(is_free(port) for port in USUAL_AZURITE)
        blob, queue, table = USUAL_AZURITE if usual else free_ports(3)
        studio, host = (port if is_free(port) else free_ports(1)[0] for port in (USUAL_STUDIO, USUAL_HOST))
        return cls(AzuritePorts(blob, queue, table), studio, host)

    @classmethod
    def free(cls) -> Self:
        """Return free ports."""
        blob, queue, table, studio, host = free_ports(5)
        return cls(AzuritePorts(blob, queue, table), studio, host)

    @classmethod
    def from_json(cls, ports: Mapping[str, int]) -> Self:
        """Read what `to_json` gave."""
        azurite = AzuritePorts(int(ports["blob"]), int(ports["queue"]), int(ports["table"]))
        return cls(azurite, int(ports["studio"]), int(ports["host"]))

    def to_json(self) -> dict[str, int]:
        """Return the ports by their names."""
        azurite = self.azurite
        return {
            "blob": azurite.blob,
            "queue": azurite.queue,
            "table": azurite.table,
            "studio": self.studio,
            "host": self.host,
        }

    def with_taken_replaced(self) -> tuple[Self, list[str]]:
        """Return the same ports, with free ones in place of taken ones, and a warning for each change."""
        ports, warnings = self.to_json(), []
        taken = [name for name, port in ports.items() if not is_free(port)]
        for name, free in zip(taken, free_ports(len(taken)), strict=True):
            service, effect = _EFFECTS[name]
            warnings.append(
                f"port {ports[name]} of {service} is taken by {_listener_at(ports[name])}; it listens at {free} now:"
                f" {effect}"
            )
            ports[name] = free
        return self.from_json(ports), warnings


def _listener_at(port: int) -> str:
    """Return the name of the process that listens at a port, as far as this user may see it."""
    with contextlib.suppress(psutil.Error, OSError):
        for socket in psutil.net_connections("tcp"):
            if socket.laddr and socket.laddr.port == port and socket.status == psutil.CONN_LISTEN and socket.pid:
                return f"{psutil.Process(socket.pid).name()} (process {socket.pid})"
    return "another program"
