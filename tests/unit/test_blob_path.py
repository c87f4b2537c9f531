"""`container/name`: read, written, and refused with the reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.blob_path import BlobPath, is_container_name

CONTAINERS = st.lists(st.text("abcxyz0189", min_size=1, max_size=12), min_size=1, max_size=4).map("-".join)
NAMES = st.text(min_size=1)


@given(CONTAINERS.filter(lambda name: 3 <= len(name) <= 63), NAMES)
def test_what_is_written_is_read_again(container: str, name: str) -> None:
    """Every container with every blob name survives the text: slashes, line breaks and spaces of the name too."""
    path = BlobPath(container, name)

    assert BlobPath.parse(str(path)) == path
    assert f"{path}" == container + "/" + name


@given(st.text() | st.text("abc-/A."))
def test_a_text_is_a_path_or_is_named_in_the_error(text: str) -> None:
    """Whatever is read gives exactly the text back; whatever is not stands in the error."""
    container, slash, name = text.partition("/")
    if slash and name and is_container_name(container):
        assert str(BlobPath.parse(text)) == text
    else:
        with pytest.raises(ValueError, match=re.escape(repr(text))):
            BlobPath.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' has no slash after the container"),
        ("models", "'models' has no slash after the container"),
        ("models/", "'models/' has no blob name after the container"),
        ("/census.csv", "'/census.csv' begins with no container name (3 to 63 lower-case letters, digits"),
        ("Models/census.csv", "'Models/census.csv' begins with no container name"),
        ("a--b/census.csv", "begins with no container name"),
        ("-ab/census.csv", "begins with no container name"),
        ("ab/census.csv", "begins with no container name"),
        ("a" * 64 + "/census.csv", "begins with no container name"),
        ("models\n/census.csv", "begins with no container name"),
    ],
)
def test_the_error_says_what_is_wrong(text: str, reason: str) -> None:
    """The error tells a missing slash from a container that cannot exist and from a missing name."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        BlobPath.parse(text)


@pytest.mark.parametrize("name", ["abc", "a-b-c", "000", "a" * 63])
def test_what_azure_accepts_is_a_container_name(name: str) -> None:
    """The shortest, the longest, digits alone and single hyphens."""
    assert is_container_name(name)
