"""The names in a query."""

import pytest

from shared.operators.query_parameters import query_problems


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ("", []),
        ("a=1&b=", []),
        ("code=KEY&clientId=x&a=1", []),
        ("CODE=KEY", []),
        ("A=1", ["the query parameter 'A' is unknown; allowed are a, b"]),
        ("a=1&a=1", ["the query parameter 'a' is given 2 times: give it once"]),
        ("code=1&code=2", []),
        (
            "c=1&c=2&b=1&b=2&b=3",
            [
                "the query parameter 'c' is unknown; allowed are a, b",
                "the query parameter 'c' is given 2 times: give it once",
                "the query parameter 'b' is given 3 times: give it once",
            ],
        ),
        ("%0A=1", ["the query parameter '\\n' is unknown; allowed are a, b"]),
    ],
)
def test_each_known_parameter_once(query: str, problems: list[str]) -> None:
    """Others are named, all at once; the host's own are none of the app's business."""
    assert query_problems(f"https://app/api/x?{query}#a", {}, ("a", "b")) == problems


def test_what_the_host_read_counts_too() -> None:
    """Where the URL comes without its query, or is none at all, the parameters are known all the same."""
    assert query_problems("http://[", {"x": "1", "code": "KEY"}, ()) == [
        "the query parameter 'x' is unknown; no parameters are allowed here"
    ]
