"""Storage hosts that misbehave: real sockets on 127.0.0.1, each request answered by a function of the test."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from studio.storage.blob_locations import BlobAddress, BlobReference, HostAllowList, resolve

TOKEN = "sv=2024-11-04&sp=rw&se=2999-01-01&sig=canary%2Fsecret%3D"
CANARY = "canary"

# Gets the connection and the request's head; whatever it writes is the answer. The connection is closed afterwards.
type Behaviour = Callable[[socket.socket, bytes], None]


@dataclass
class OddHost:
    """A host that is listening."""

    port: int
    requests: list[bytes] = field(default_factory=list)  # heads, in the order of their coming

    def address(self, blob: str = "x.csv", host: str = "127.0.0.1", scheme: str = "http") -> BlobAddress:
        """Return a blob at this host, by a SAS."""
        url = f"{scheme}://{host}:{self.port}/account"
        return resolve(BlobReference(f"c/{blob}", None, url, TOKEN), HostAllowList([f"{host}:{self.port}"]))

    def unlisted(self) -> BlobAddress:
        """Return the same as if only a wildcard allowed it."""
        return replace(self.address(), listed_by_name=False)


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer, which says that the connection ends with it: a client must not ask again on this one."""
    lines = [
        f"HTTP/1.1 {status}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def part(body: bytes, total: int | str | None = None, **headers: str) -> bytes:
    """Return the answer to a request for the first bytes of a blob."""
    length = {"Content_Length": str(len(body))} | headers
    size = len(body) if total is None else total
    ends_at = max(len(body) - 1, 0)
    return answer(body, "206 Partial Content", Content_Range=f"bytes 0-{ends_at}/{size}", ETag='"1"', **length)


def saying(text: bytes) -> Behaviour:
    """Answer every request by these bytes."""
    return lambda connection, _: connection.sendall(text)


@contextlib.contextmanager
def odd_host(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[OddHost]:
    """Listen on a free port for the time of the `with`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = OddHost(listener.getsockname()[1])
        accepting = threading.Thread(target=_accept, args=(listener, host, behave, tls), daemon=True)
        accepting.start()
        try:
            yield host
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, host: OddHost, behave: Behaviour, tls: ssl.SSLContext | None) -> None:
    serving: list[threading.Thread] = []
    with contextlib.suppress(OSError):  # it is shut
        while True:
            connection, _ = listener.accept()
            serving.append(threading.Thread(target=_serve, args=(connection, host, behave, tls), daemon=True))
            serving[-1].start()
    for thread in serving:
        thread.join()


def _serve(plain: socket.socket, host: OddHost, behave: Behaviour, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError), plain:
        plain.settimeout(20)
        connection = tls.wrap_socket(plain, server_side=True) if tls else plain
        _answer(connection, host, behave)
        connection.close()


def _answer(connection: socket.socket, host: OddHost, behave: Behaviour) -> None:
    with contextlib.suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65_536)
            if not piece:
                return
            head += piece
        host.requests.append(head)
        behave(connection, head)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):  # or what it still sends would reset the connection under our answer
            pass


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate that signs itself; returns its path and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
