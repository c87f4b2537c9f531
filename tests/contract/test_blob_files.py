"""Blob files keep their promises, in memory and on real blob storage alike."""

import hashlib

import pytest

from shared.errors import BlobArchivedError, BlobChangedError, BlobMissingError, ConfigError
from shared.ports.blob_files import BlobVersion, CopyState
from tests.contract.blob_account import BlobAccount

ODD_NAMES = [
    "a b.csv",
    "x%2fy.csv",
    "h#1.csv",
    "q?x=1&y.csv",
    "ü/日本.csv",
    "p+q.csv",
    "50%.csv",
    "a//b'.csv",
    "~a;b@c.csv",
]


def _version(account: BlobAccount, name: str) -> BlobVersion:
    version = account.files.version(account.input, name)
    assert version is not None
    return version


def test_an_absent_blob_has_no_version(account: BlobAccount) -> None:
    """Asking for a blob that is not there, or whose container is not there, gives None."""
    assert account.files.version(account.input, "june.csv") is None
    assert account.files.version(account.unused(), "june.csv") is None


def test_an_upload_makes_another_version(account: BlobAccount) -> None:
    """Overwriting a blob, even with the same bytes, changes its ETag; size and time are told in bytes and UTC."""
    account.put("june.csv", b"a,b\n")
    first = _version(account, "june.csv")
    account.put("june.csv", b"a,b\n")
    second = _version(account, "june.csv")

    assert first.etag != second.etag
    assert '"' not in second.etag
    assert (second.container, second.name, second.size) == (account.input, "june.csv", 4)
    assert second.modified_at.utcoffset() is not None


def test_a_listing_tells_what_the_blobs_tell(account: BlobAccount) -> None:
    """Every blob is listed, under whatever name, with the very version that asking for it gives."""
    for number, name in enumerate(ODD_NAMES):
        account.put(name, b"x" * number)

    listed = sorted(account.files.versions(account.input), key=lambda version: version.size)

    assert listed == [_version(account, name) for name in ODD_NAMES]


def test_an_absent_container_lists_nothing(account: BlobAccount) -> None:
    """Listing a container that nobody created yet is no error."""
    assert list(account.files.versions(account.unused())) == []


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_version_is_copied_whatever_its_name(account: BlobAccount, name: str) -> None:
    """A copy has the bytes of its source, also for names that mean something in a URL; its container is made."""
    account.put(name, f"content of {name}".encode())
    target = account.unused()

    states = [
        account.files.copy_version(_version(account, name), target, "0f/1/input.csv"),
        account.files.copy(f"{account.input}/{name}", f"{target}/kept/{name}"),
    ]

    assert states == [CopyState.DONE, CopyState.DONE]
    for copy in ("0f/1/input.csv", f"kept/{name}"):
        assert account.files.read_text(f"{target}/{copy}", 1000)[0] == f"content of {name}"


def test_an_overwritten_version_is_not_copied(account: BlobAccount) -> None:
    """What was claimed is what is copied: another version under the same name is refused and nothing is written."""
    account.put("june.csv", b"old")
    claimed = _version(account, "june.csv")
    account.put("june.csv", b"new")
    target = account.unused()

    with pytest.raises(BlobChangedError, match=r"june\.csv"):
        account.files.copy_version(claimed, target, "input.csv")

    assert account.files.version(target, "input.csv") is None


@pytest.mark.parametrize("target_exists", [False, True])
def test_a_deleted_version_is_not_copied(account: BlobAccount, target_exists: bool) -> None:
    """A source that is gone is reported as changed, whether or not the container to copy into exists."""
    account.put("june.csv", b"old")
    claimed = _version(account, "june.csv")
    account.delete("june.csv")
    target = account.input if target_exists else account.unused()

    with pytest.raises(BlobChangedError):
        account.files.copy_version(claimed, target, "input.csv")


def test_a_finished_copy_is_kept(account: BlobAccount) -> None:
    """Repeating a copy is harmless, and still succeeds when the source has changed or gone since."""
    account.put("june.csv", b"old")
    claimed, target = _version(account, "june.csv"), account.unused()
    account.files.copy_version(claimed, target, "input.csv")
    copy = account.files.version(target, "input.csv")

    repeated = [account.files.copy_version(claimed, target, "input.csv")]
    account.put("june.csv", b"new")
    repeated.append(account.files.copy_version(claimed, target, "input.csv"))
    account.delete("june.csv")
    repeated.append(account.files.copy_version(claimed, target, "input.csv"))

    assert repeated == [CopyState.DONE] * 3
    assert account.files.version(target, "input.csv") == copy
    assert account.files.read_text(f"{target}/input.csv", 10)[0] == "old"


def test_a_path_is_copied_to_a_path(account: BlobAccount) -> None:
    """A model is kept by copying whatever is there now; a second copy to the same place changes nothing."""
    account.put("0f/1/model.ilearner", b"first")
    target = account.unused()
    source = f"{account.input}/0f/1/model.ilearner"

    first = account.files.copy(source, f"{target}/census/0f.ilearner")
    account.put("0f/1/model.ilearner", b"second")
    second = account.files.copy(source, f"{target}/census/0f.ilearner")

    assert (first, second) == (CopyState.DONE, CopyState.DONE)
    assert account.files.read_text(f"{target}/census/0f.ilearner", 10)[0] == "first"


def test_an_absent_path_cannot_be_copied(account: BlobAccount) -> None:
    """Copying from a blob or a container that does not exist is refused."""
    for source in (f"{account.input}/none.ilearner", f"{account.unused()}/none.ilearner"):
        with pytest.raises(BlobMissingError, match=r"none\.ilearner does not exist"):
            account.files.copy(source, f"{account.unused()}/x.ilearner")


def test_an_archived_blob_waits_for_somebody(account: BlobAccount) -> None:
    """It cannot be read or copied, and the error says where it is and what to do; then it is the same version."""
    account.put("june.csv", b"a,b\n")
    version, target = _version(account, "june.csv"), account.unused()
    account.archive("june.csv")

    path, says = f"{account.input}/june.csv", r"set its tier to Hot.*BlobArchived at .*june\.csv$"
    with pytest.raises(BlobArchivedError, match=says):
        account.files.copy_version(version, target, "input.csv")
    with pytest.raises(BlobArchivedError, match=says):
        account.files.copy(path, f"{target}/input.csv")
    with pytest.raises(BlobArchivedError, match=says):
        account.files.read_text(path, 10)
    assert account.files.version(account.input, "june.csv") == version

    account.rehydrate("june.csv")
    assert account.files.copy_version(version, target, "input.csv") is CopyState.DONE


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", ""), (b"a,b\n1,2\n", "a,b\n1,2\n"), (b"\xef\xbb\xbfa\r\n", "a\r\n"), ("é日".encode(), "é日")],
    ids=["empty", "plain", "byte order mark", "not ASCII"],
)
def test_a_text_is_read_with_its_version(account: BlobAccount, content: bytes, text: str) -> None:
    """A small text comes as it was written, with the ETag of the version it was read from."""
    account.put("golden.csv", content)

    read = account.files.read_text(f"{account.input}/golden.csv", max(1, len(content)))

    assert read == (text, _version(account, "golden.csv").etag)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "does not exist"), (b"x" * 11, "larger than the limit of 10 bytes"), (b"\xff\xfe1", "not UTF-8")],
    ids=["absent", "too large", "no text"],
)
def test_a_text_that_cannot_be_used_is_a_setting_to_correct(
    account: BlobAccount, content: bytes | None, complaint: str
) -> None:
    """Whoever must correct it reads the place and what is wrong there."""
    if content is not None:
        account.put("golden.csv", content)

    with pytest.raises(ConfigError, match=rf"{account.input}/golden\.csv .*{complaint}"):
        account.files.read_text(f"{account.input}/golden.csv", 10)


def test_a_link_names_its_blob_and_hides_its_token(account: BlobAccount) -> None:
    """Base and relative place join to the blob's URL; the token shows in no representation."""
    link = account.files.link(f"{account.input}/0f/1/model.ilearner", 600)

    assert link.base.endswith("/")
    assert link.relative == f"{account.input}/0f/1/model.ilearner"
    assert link.sas.startswith("?")
    assert "sig=" in link.sas
    assert "sig=" not in f"{link} {link!r}"


def test_a_text_is_written_over_what_is_there(account: BlobAccount) -> None:
    """A text is read back as it was written, the second one over the first, also into a container that is new."""
    place = f"{account.unused()}/scores/a b.json"
    for text in ("first", "second: ü"):
        account.files.write_text(place, text)
        assert account.files.read_text(place, 100)[0] == text


def test_the_hash_of_a_content_survives_a_copy(account: BlobAccount) -> None:
    """Equal contents have equal hashes, wherever they were copied to; other contents have another."""
    account.put("june.csv", b"a,b\n")
    account.put("july.csv", b"a,c\n")
    target = account.unused()
    account.files.copy(f"{account.input}/june.csv", f"{target}/kept.csv")
    copied = account.files.version(target, "kept.csv")

    assert copied is not None
    assert copied.md5 == _version(account, "june.csv").md5 == hashlib.md5(b"a,b\n", usedforsecurity=False).hexdigest()
    assert _version(account, "july.csv").md5 != copied.md5
