"""A blob's place: what stands before the first slash is the container."""

import pytest

from studio.api.protocol_errors import translate
from studio.errors import StorageError
from studio.storage.blob_path import BlobPath


def test_a_path_is_read_and_written() -> None:
    """The name may hold slashes; a leading one does not count."""
    assert BlobPath.parse("/c/folder/a b.csv") == ("c", "folder/a b.csv")
    assert str(BlobPath("c", "folder/a b.csv")) == "c/folder/a b.csv"


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "ContainerIsEmpty"), ("/", "ContainerIsEmpty"), ("c", "InputBlobRelativeLocationInvalid")],
)
def test_half_a_path_is_refused(text: str, code: str) -> None:
    """By the code of the part that is missing."""
    with pytest.raises(StorageError) as caught:
        BlobPath.parse(text)
    assert translate(caught.value).details[0].code == code
