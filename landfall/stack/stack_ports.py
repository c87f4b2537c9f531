"""Where the parts of a stack listen: the usual ports, others, or those that its state folder remembers."""

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
# Each port by its name: whose it is, and who was told the address that it is part of.
_USES = {
    "blob": ("the blob service", "jobs in flight read and write at the old address, and links to files lead there"),
    "queue": ("the queue service", "tools that were told the old address do not find it"),
    "table": ("the table service", "tools that were told the old address do not find it"),
    "studio": ("the studio", "whoever calls its services and endpoints has the old URLs"),
    "host": ("the functions host", "approval links that were sent, and tools, have the old URL"),
}


@dataclass(frozen=True)
class StackPorts:
    """Where the parts of a stack listen, on 127.0.0.1."""

    azurite: AzuritePorts
    studio: int
    host: int

    @classmethod
    def usual_or_free(cls) -> Self:
        """Return the usual ports, or others where they are taken."""
        usual = all(is_free(port) for port in USUAL_AZURITE)
        azurite = AzuritePorts(*(USUAL_AZURITE if usual else free_ports(3)))
        studio, host = (port if is_free(port) else free_ports(1)[0] for port in (USUAL_STUDIO, USUAL_HOST))
        return cls(azurite, studio, host)

    @classmethod
    def free(cls) -> Self:
        """Return ports that nobody expects a stack at."""
        blob, queue, table, studio, host = free_ports(5)
        return cls(AzuritePorts(blob, queue, table), studio, host)

    @classmethod
    def from_json(cls, ports: Mapping[str, int]) -> Self:
        """Read what `to_json` gave."""
        azurite = AzuritePorts(int(ports["blob"]), int(ports["queue"]), int(ports["table"]))
        return cls(azurite, int(ports["studio"]), int(ports["host"]))

    def to_json(self) -> dict[str, int]:
        """Return each port by its name."""
        azurite = self.azurite
        return {
            "blob": azurite.blob,
            "queue": azurite.queue,
            "table": azurite.table,
            "studio": self.studio,
            "host": self.host,
        }

    def again(self) -> tuple[Self, list[str]]:
        """Return the same ports, others where somebody has taken them, and a sentence for each: what is lost by it."""
        ports, said = self.to_json(), []
        taken = [name for name, port in ports.items() if not is_free(port)]
        for name, free in zip(taken, free_ports(len(taken)), strict=True):
            whose, lost = _USES[name]
            said.append(
                f"{whose} cannot have its port {ports[name]} again, which {_holder(ports[name])} has taken;"
                f" it listens at {free} now: {lost}"
            )
            ports[name] = free
        return self.from_json(ports), said


def _holder(port: int) -> str:
    """Return who listens at a port, as far as this user may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for one in psutil.net_connections("tcp"):
            if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN and one.pid:
                return f"{psutil.Process(one.pid).name()} (process {one.pid})"
    return "another program"
