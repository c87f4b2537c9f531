"""Starts and stops Azurite, the storage emulator, from the pinned npm package."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from landfall.stack.find_node import find_node
from landfall.stack.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "devstoreaccount1"
# Azurite's published development key. Every installation has the same, so it is no secret.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class AzuritePorts:
    """The three ports of an Azurite on 127.0.0.1, and their scheme."""

    blob: int
    queue: int
    table: int
    scheme: str = "http"

    @property
    def connection_string(self) -> str:
        """The storage connection string that reaches all three services."""
        base = f"{self.scheme}://127.0.0.1:{{}}/{ACCOUNT}"
        return (
            f"DefaultEndpointsProtocol={self.scheme};AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
            f"BlobEndpoint={base.format(self.blob)};QueueEndpoint={base.format(self.queue)};"
            f"TableEndpoint={base.format(self.table)};"
        )


@dataclass(frozen=True)
class Certificate:
    """The PEM files with which an Azurite serves https."""

    certificate: Path
    key: Path


def azurite_command(ports: AzuritePorts, location: Path | None, certificate: Certificate | None = None) -> list[str]:
    """Return the command line. `location` keeps the data on disk; None keeps it in memory.

    With a certificate, Azurite serves https and accepts the tokens of identities, whose signatures it does not check.

    Raises:
        RuntimeError: Azurite or Node.js is not installed.
    """
    script = ROOT / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    if not script.exists():
        raise RuntimeError("Azurite is not installed: run `make setup`")
    where = ["--location", str(location)] if location else ["--inMemoryPersistence"]
    tls = []
    if certificate is not None:
        tls = ["--oauth", "basic", "--cert", str(certificate.certificate), "--key", str(certificate.key)]
    hosts = [part for name in ("blob", "queue", "table") for part in (f"--{name}Host", "127.0.0.1")]
    return [
        find_node(),
        str(script),
        "--silent",
        "--disableTelemetry",
        # The newest SDKs use an API version that Azurite does not know yet; the calls used here work.
        "--skipApiVersionCheck",
        *hosts,
        *("--blobPort", str(ports.blob), "--queuePort", str(ports.queue), "--tablePort", str(ports.table)),
        *where,
        *tls,
    ]


def port_answers(port: int) -> bool:
    """Tell whether something accepts connections on a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def wait_until_listening(process: subprocess.Popen[bytes], ports: list[int], timeout_s: float = 60) -> None:
    """Return once every port of 127.0.0.1 accepts a connection.

    Raises:
        RuntimeError: the process ended or `timeout_s` passed first.
    """
    deadline = time.monotonic() + timeout_s
    for port in ports:
        while not port_answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended with status {process.returncode} before it listened")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} did not listen on port {port} within {timeout_s:.0f} s")
            time.sleep(0.02)


@contextlib.contextmanager
def running_azurite(location: Path | None = None, certificate: Certificate | None = None) -> Iterator[str]:
    """Run an Azurite on free ports within the `with`; yields its connection string."""
    blob, queue, table = free_ports(3)
    ports = AzuritePorts(blob, queue, table, "http" if certificate is None else "https")
    with subprocess.Popen(
        azurite_command(ports, location, certificate), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until_listening(process, [ports.blob, ports.queue, ports.table])
            yield ports.connection_string
        finally:
            process.terminate()
            process.wait(20)
