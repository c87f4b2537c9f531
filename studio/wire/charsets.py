"""The charset of a request's body: UTF-8, or what its Content-Type names (protocol 1.2)."""

from collections.abc import Iterable

from studio.wire.errors import InvalidBodyError

_UTF_8 = (b"utf-8", b"utf8", b"us-ascii")
_OTHERS = ("utf-16", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252")  # no other codec decodes a caller's bytes


def to_utf8(body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a body in UTF-8; `headers` are the request's, with names in lower case.

    Raises:
        InvalidBodyError: for an unknown charset, or a body that is not in the one that it names.
    """
    kind = next((value for name, value in headers if name == b"content-type"), b"").lower()
    charset = kind.partition(b"charset=")[2].partition(b";")[0].strip(b" \"'")
    if not charset or charset in _UTF_8:
        return body
    name = charset.decode("latin-1")
    if name not in _OTHERS:
        supported = ", ".join(("utf-8", *_OTHERS))
        raise InvalidBodyError(f"The charset {name!r} of the Content-Type is not supported; supported are {supported}.")
    try:
        return body.decode(name).encode()
    except UnicodeDecodeError as error:
        text = f"The body is not in the charset {name!r} of its Content-Type."
        raise InvalidBodyError(text) from error
