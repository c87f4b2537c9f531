"""Blobs that pass through the app in pieces keep their promises, in memory and on real blob storage alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import BlobArchivedError, BlobChangedError, BlobMissingError, StaleWriteError
from shared.ports.blob_files import CHUNK_BYTES, BlobPart, BlobVersion
from tests.contract.blob_account import BlobAccount

_SHARED_ACCOUNT = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _version(account: BlobAccount, name: str) -> BlobVersion:
    version = account.files.version(account.input, name)
    assert version is not None
    return version


def _content(account: BlobAccount, path: str) -> bytes:
    container, _, name = path.partition("/")
    version = account.files.version(container, name)
    assert version is not None
    return b"".join(account.files.read_chunks(path, version.etag))


def _part(account: BlobAccount, name: str, content: bytes) -> BlobPart:
    account.put(name, content)
    version = _version(account, name)
    return BlobPart(f"{account.input}/{name}", version.etag, version.size)


def test_an_append_blob_is_told_apart(account: BlobAccount) -> None:
    """Whoever lists or asks learns which blobs may still grow; every addition is another version."""
    account.put("whole.csv", b"a\n")
    account.append("growing.csv", b"a\n")
    first = _version(account, "growing.csv")
    account.append("growing.csv", b"1\n")

    listed = {version.name: version for version in account.files.versions(account.input)}

    assert {name: version.appendable for name, version in listed.items()} == {"growing.csv": True, "whole.csv": False}
    assert listed["growing.csv"] == _version(account, "growing.csv")
    assert (listed["growing.csv"].size, listed["growing.csv"].etag == first.etag) == (4, False)


def test_a_copy_of_an_append_blob_is_one(account: BlobAccount) -> None:
    """Rules that delete by age name the types of blobs, so pinned copies need both."""
    account.append("growing.csv", b"a\n")
    account.files.copy_version(_version(account, "growing.csv"), account.input, "pinned.csv")

    assert _version(account, "pinned.csv").appendable


def test_a_listing_may_be_of_one_folder(account: BlobAccount) -> None:
    """Only names with the prefix are listed; the prefix is a text, no pattern."""
    for name in ("a/1.csv", "a/2.csv", "ab.csv", "b/a/3.csv", "%/x.csv"):
        account.put(name, b"x")

    def listed(prefix: str) -> list[str]:
        return sorted(version.name for version in account.files.versions(account.input, prefix))

    assert listed("a/") == ["a/1.csv", "a/2.csv"]
    assert listed("%") == ["%/x.csv"]
    assert listed("c") == []
    assert len(listed("")) == 5


def test_a_flat_account_is_not_hierarchical(account: BlobAccount) -> None:
    """In a flat account a block blob appears whole."""
    assert account.files.hierarchical() is False


@_SHARED_ACCOUNT
@given(content=st.binary(max_size=40), chunk_bytes=st.integers(1, 50))
def test_pieces_are_the_whole(account: BlobAccount, content: bytes, chunk_bytes: int) -> None:
    """Every byte comes once and in order, in pieces of the length that was said; an empty blob has none."""
    account.put("june.csv", content)

    pieces = list(
        account.files.read_chunks(f"{account.input}/june.csv", _version(account, "june.csv").etag, chunk_bytes)
    )

    assert b"".join(pieces) == content
    assert all(len(piece) == chunk_bytes for piece in pieces[:-1])
    assert all(pieces)


def _overwrite(account: BlobAccount) -> None:
    account.put("june.csv", b"abcdefgh")  # the same bytes, and yet another version


def _delete(account: BlobAccount) -> None:
    account.delete("june.csv")


def _archive(account: BlobAccount) -> None:
    account.archive("june.csv")


@pytest.mark.parametrize(
    ("size", "pieces_before", "happens", "error"),
    [
        (8, 0, _overwrite, BlobChangedError),
        (8, 1, _overwrite, BlobChangedError),
        (0, 0, _overwrite, BlobChangedError),
        (8, 0, _delete, BlobMissingError),
        (8, 1, _delete, BlobMissingError),
        (0, 0, _delete, BlobMissingError),
        (8, 0, _archive, BlobArchivedError),
        (8, 1, _archive, BlobArchivedError),
    ],
)
def test_a_version_that_goes_away_is_noticed_while_it_is_read(
    account: BlobAccount,
    size: int,
    pieces_before: int,
    happens: Callable[[BlobAccount], None],
    error: type[Exception],
) -> None:
    """Overwritten, deleted or archived, before the first piece or between two: never a mixture of two versions."""
    account.put("june.csv", b"abcdefgh"[:size])
    pieces = account.files.read_chunks(f"{account.input}/june.csv", _version(account, "june.csv").etag, 3)
    for _ in range(pieces_before):
        next(pieces)

    happens(account)

    with pytest.raises(error, match=r"june\.csv"):
        list(pieces)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 7])
def test_a_blob_is_written_in_pieces(account: BlobAccount, size: int) -> None:
    """What was written piece by piece is there whole, at a new place too, and the writer tells version and size."""
    path, content = f"{account.unused()}/parts/a b.csv", bytes(number % 251 for number in range(size))
    with account.files.writer(path) as writer:
        for start in range(0, size, 1_000_003):
            writer.write(content[start : start + 1_000_003])

    container, _, name = path.partition("/")
    version = account.files.version(container, name)
    assert version is not None
    assert (version.etag, version.size) == (writer.etag, writer.size)
    assert _content(account, path) == content


@pytest.mark.parametrize("size", [5, CHUNK_BYTES + 1])
def test_nothing_is_written_after_an_error(account: BlobAccount, size: int) -> None:
    """A reader that stops half-way leaves no blob, and none that stood there is touched."""
    absent, present = f"{account.input}/absent.csv", f"{account.input}/present.csv"
    account.put("present.csv", b"before")

    def break_off(path: str) -> None:
        with account.files.writer(path) as writer:
            writer.write(b"x" * size)
            raise ZeroDivisionError

    for path in (absent, present):
        with pytest.raises(ZeroDivisionError):
            break_off(path)

    assert account.files.version(account.input, "absent.csv") is None
    assert _content(account, present) == b"before"


@pytest.mark.parametrize("size", [5, CHUNK_BYTES + 1])
def test_a_second_worker_that_writes_the_same_changes_nothing(account: BlobAccount, size: int) -> None:
    """The version that was recorded stays, so what refers to it stays true; another content replaces it."""
    path = f"{account.unused()}/part.csv"
    versions = []
    for content in (b"x" * size, b"x" * size, b"y" * size):
        with account.files.writer(path) as writer:
            writer.write(content)
        versions.append((writer.etag, writer.size))

    assert versions[0] == versions[1]
    assert versions[2] != versions[1]
    assert _content(account, path) == b"y" * size


def test_writers_at_once_do_not_mix(account: BlobAccount) -> None:
    """Workers that write one blob at the same time leave the content of one of them, or are refused."""
    path, size = f"{account.input}/part.csv", 2 * CHUNK_BYTES + 5

    def write(letter: bytes) -> str | None:
        try:
            with account.files.writer(path) as writer:
                for _ in range(8):
                    writer.write(letter * (size // 8))
        except BlobChangedError:
            return None
        return writer.etag

    with ThreadPoolExecutor(4) as pool:
        etags = list(pool.map(write, [b"a", b"b", b"c", b"d"]))

    assert any(etags)
    content = _content(account, path)
    assert len(set(content)) == 1
    assert _version(account, "part.csv").etag in etags


def test_parts_are_joined_in_order(account: BlobAccount) -> None:
    """The header comes first, then every part as it is; empty ones add nothing; the place is made."""
    parts = [
        _part(account, name, content)
        for name, content in [
            ("b.csv", b"3,4\r\n"),
            ("a ü.csv", "é,日\r\n".encode()),
            ("c.csv", b""),
            ("d.csv", b"5\r\n"),
        ]
    ]
    target = f"{account.unused()}/0f/1/input.csv"

    etag = account.files.join(target, b"x,y\r\n", parts)

    assert _content(account, target) == b"x,y\r\n3,4\r\n" + "é,日\r\n".encode() + b"5\r\n"
    container, _, name = target.partition("/")
    version = account.files.version(container, name)
    assert version is not None
    assert version.etag == etag


@pytest.mark.parametrize(("header", "contents"), [(b"x\r\n", []), (b"", [b"1"]), (b"", []), (b"x\r\n", [b"", b""])])
def test_a_join_may_lack_parts_or_header(account: BlobAccount, header: bytes, contents: list[bytes]) -> None:
    """Neither a header alone nor parts alone are a special case."""
    parts = [_part(account, f"{number}.csv", content) for number, content in enumerate(contents)]

    account.files.join(f"{account.input}/joined.csv", header, parts)

    assert _content(account, f"{account.input}/joined.csv") == header + b"".join(contents)


def test_a_large_part_is_joined_whole(account: BlobAccount) -> None:
    """A part of many blocks comes with every byte, and what follows it stays behind it."""
    large = bytes(range(256)) * (CHUNK_BYTES // 256) * 2 + b"end"
    parts = [_part(account, "large.csv", large), _part(account, "small.csv", b"1\n")]

    account.files.join(f"{account.input}/joined.csv", b"x\n", parts)

    assert _content(account, f"{account.input}/joined.csv") == b"x\n" + large + b"1\n"


@pytest.mark.parametrize("happens", ["overwritten", "deleted"])
@pytest.mark.parametrize("number", [0, 2])
def test_a_part_that_changed_is_not_joined(account: BlobAccount, happens: str, number: int) -> None:
    """A set is of the versions that were recorded: the part is named, and nothing is written."""
    parts = [_part(account, f"{letter}.csv", b"1\n") for letter in "abc"]
    name = f"{'abc'[number]}.csv"
    account.put(name, b"2\n")
    if happens == "deleted":
        account.delete(name)

    with pytest.raises(BlobChangedError, match=f"the part {account.input}/{name} was overwritten or deleted"):
        account.files.join(f"{account.input}/joined.csv", b"x\n", parts)

    assert account.files.version(account.input, "joined.csv") is None


def test_whoever_may_not_go_on_joins_nothing(account: BlobAccount) -> None:
    """The caller is called after each piece, so that it can renew its lease; if it has lost that, nothing appears."""
    parts = [_part(account, f"{letter}.csv", b"1\n") for letter in "abc"]
    pieces: list[None] = []
    account.files.join(f"{account.input}/joined.csv", b"x\n", parts, alive=lambda: pieces.append(None))
    assert len(pieces) == 3

    def replaced() -> None:
        pieces.append(None)
        if len(pieces) == 6:
            raise StaleWriteError("another worker goes on")

    with pytest.raises(StaleWriteError):
        account.files.join(f"{account.input}/late.csv", b"x\n", parts, alive=replaced)
    assert account.files.version(account.input, "late.csv") is None


def test_an_equal_join_changes_nothing(account: BlobAccount) -> None:
    """Repeating a join keeps the version that a job may be reading; a join of other versions replaces it."""
    parts, target = [_part(account, "a.csv", b"1\n")], f"{account.input}/joined.csv"
    first = account.files.join(target, b"x\n", parts)

    assert account.files.join(target, b"x\n", parts) == first
    again = [_part(account, "a.csv", b"1\n")]
    assert account.files.join(target, b"x\n", again) != first
    assert account.files.join(target, b"y\n", again) == _version(account, "joined.csv").etag
    assert _content(account, target) == b"y\n1\n"


def test_an_archived_part_waits_for_somebody(account: BlobAccount) -> None:
    """The error says where the part is and what to do."""
    part = _part(account, "a.csv", b"1\n")
    account.archive("a.csv")

    with pytest.raises(BlobArchivedError, match=r"set its tier to Hot"):
        account.files.join(f"{account.input}/joined.csv", b"x\n", [part])


def test_the_first_text_at_a_place_stays(account: BlobAccount) -> None:
    """Of those who create a text, at a new place too, one is told that it did; the others find its text."""
    path = f"{account.unused()}/schemas/1.json"

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(lambda number: account.files.create_text(path, f"text {number}"), range(4)))

    assert sum(created) == 1
    assert account.files.read_text(path, 100)[0] == f"text {created.index(True)}"


def test_a_blob_is_deleted_once(account: BlobAccount) -> None:
    """The answer says whether something was there; in an absent container nothing is."""
    account.put("june.csv", b"x")

    assert account.files.delete(f"{account.input}/june.csv") is True
    assert account.files.delete(f"{account.input}/june.csv") is False
    assert account.files.delete(f"{account.unused()}/june.csv") is False
    assert account.files.version(account.input, "june.csv") is None


def test_only_the_version_that_was_meant_is_deleted(account: BlobAccount) -> None:
    """A newer version under the same name stays."""
    account.put("june.csv", b"old")
    old = _version(account, "june.csv")
    account.put("june.csv", b"new")

    with pytest.raises(BlobChangedError, match=r"june\.csv"):
        account.files.delete(f"{account.input}/june.csv", old.etag)

    assert account.files.delete(f"{account.input}/june.csv", _version(account, "june.csv").etag) is True
    assert account.files.delete(f"{account.input}/june.csv", old.etag) is False
