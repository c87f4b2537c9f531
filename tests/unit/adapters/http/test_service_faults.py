"""Error bodies: what the service says is told from what a gateway on the way says."""

import pytest

from shared.adapters.http.service_faults import read_fault


@pytest.mark.parametrize(
    ("text", "code", "message", "details"),
    [
        (
            '{"error": {"code": "BadArgument", "message": "m", "details": [{"code": "D", "message": "x", "t": 1}]}}',
            *("BadArgument", "m", (("D", "x"),)),
        ),
        ('{"error": {"code": "C", "message": "m", "details": {"code": "D", "message": "x"}}}', "C", "m", (("D", "x"),)),
        ('{"ErrorCode": "C", "Message": "m", "Details": [{"Code": "D"}]}', "C", "m", (("D", ""),)),
        ('{"error": "plain"}', "", "plain", ()),
        ('"text"', "", "text", ()),
        ("Service   Unavailable\n", "", "Service Unavailable", ()),
        ("<html><style>x</style><body><h1>502</h1> Bad <b>Gateway</b></body></html>", "", "502 Bad Gateway", ()),
        ("", "", "", ()),
        ("null", "", "", ()),
    ],
)
def test_error_bodies(text: str, code: str, message: str, details: tuple[tuple[str, str], ...]) -> None:
    """The documented object in its spellings, plain text, HTML and nothing at all."""
    fault = read_fault("submit job", "https://a.example/jobs", 400, text)

    assert (fault.code, fault.message, fault.details) == (code, message, details)
    assert fault.foreign is not bool(code)


@pytest.mark.parametrize(
    "text",
    [
        '{"statusCode": 404, "message": "Resource not found"}',
        '{"code": 5, "message": "Not Found", "details": []}',
        '{"code": "NotFound", "message": "no such upstream"}',
        '{"error": {"code": 404}}',
        '{"status": 404, "error": "Not Found", "path": "/x"}',
        '{"detail": "Not Found"}',
        '<?xml version="1.0"?><Error><Code>BlobNotFound</Code></Error>',
    ],
)
def test_what_gateways_say_is_not_the_service(text: str) -> None:
    """Each is the error body of some gateway or framework: none has the protocol's code where it belongs."""
    assert read_fault("start job", "https://a.example/jobs", 404, text).foreign


def test_storage_has_a_form_of_its_own() -> None:
    """Where a link leads to storage, its XML is a verdict."""
    text = '\ufeff<?xml version="1.0"?><Error><Code>BlobNotFound</Code><Message>no blob</Message></Error>'
    fault = read_fault("read output", "https://a.example/c/b", 404, text, of_storage=True)

    assert (fault.code, fault.foreign) == ("BlobNotFound", False)
