"""Which accepted files make a training set, and whether it is fit to train on."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.intake.training_sets import choose, classes_of_set, problems_of_set, sha256_of_set
from shared.records.part import Part
from tests.unit.intake.intake_records import HEADER, landed_run, part_of

ALL = BatchSettings(training_set=TrainingSetKind.ACCUMULATE)
DAY_S = 86400


def numbered(number: int, *, blob: str = "", content: str = "") -> Part:
    """Return the part of file `number`; a higher number is newer."""
    return part_of(landed_run(number, blob=blob, modified_s=number), content=content)


@given(
    files=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("stuv")), max_size=12),
    seed=st.integers(0, 1000),
)
def test_a_set_has_each_name_and_each_content_once(files: list[tuple[str, str]], seed: int) -> None:
    """Whatever the order of the rows: newest versions only, no bytes twice, by generation, nothing lost uncounted."""
    parts = [numbered(number, blob=name, content=content) for number, (name, content) in enumerate(files)]
    shuffled = random.Random(seed).sample(parts, len(parts))
    chosen = choose(ALL, shuffled)
    newest = {part.blob: part for part in parts}
    assert {part.run_id for part in chosen.parts} <= {part.run_id for part in newest.values()}
    assert [part.generation for part in chosen.parts] == sorted(part.generation for part in chosen.parts)
    contents = [part.sha256 for part in chosen.parts]
    assert len(contents) == len(set(contents))
    assert set(contents) == {part.sha256 for part in newest.values()}
    assert len(chosen.parts) + chosen.duplicates == len(newest)


def test_a_newer_version_takes_the_place_of_its_own_generation() -> None:
    """The newer version stands behind the files that landed between the two."""
    first, between, second = numbered(1, blob="a"), numbered(2, blob="b"), numbered(3, blob="a")
    assert choose(ALL, [first, between, second]).parts == (between, second)


def test_a_copy_under_another_name_changes_nothing() -> None:
    """The oldest of equal files stays, so the set's content and order are as before."""
    before = [numbered(1, content="same"), numbered(2)]
    copy = numbered(3, content="same")
    assert choose(ALL, [*before, copy]) == (tuple(before), 1)


def test_files_that_nothing_reads_are_never_equal() -> None:
    """Without a hash nothing says that two files have the same bytes."""
    unread = [Part(**{**vars(numbered(number)), "sha256": ""}) for number in (1, 2)]
    assert choose(ALL, unread) == (tuple(unread), 0)


def test_a_window_has_the_newest_files() -> None:
    """`window_files` counts what is left of replaced and equal files."""
    settings = BatchSettings(training_set=TrainingSetKind.WINDOW, window_files=2)
    parts = [numbered(1), numbered(2, blob="b"), numbered(3, content="x"), numbered(4, content="x")]
    parts.append(numbered(5, blob="b"))
    assert choose(settings, parts).parts == (parts[2], parts[4])


@pytest.mark.parametrize("window", [{"window_files": 2}, {"window_days": 2}])
def test_a_file_in_the_window_counts_though_an_older_one_has_its_bytes(window: dict[str, int]) -> None:
    """The older one has left the window, so nothing else brings the rows."""
    settings = BatchSettings(training_set=TrainingSetKind.WINDOW, **window)
    contents = ("same", "b", "c", "same")
    parts = [
        part_of(landed_run(number, modified_s=DAY_S * number), content=content)
        for number, content in enumerate(contents)
    ]
    assert choose(settings, parts) == (tuple(parts[2:]), 0)


def test_a_copy_of_a_file_in_the_window_pushes_no_file_out() -> None:
    """Contents are counted, not names: the set is as before."""
    settings = BatchSettings(training_set=TrainingSetKind.WINDOW, window_files=2)
    before = [numbered(1), numbered(2, content="same"), numbered(3)]
    assert choose(settings, [*before, numbered(4, content="same")]) == (tuple(before[1:]), 1)


def test_a_window_of_days_ends_with_its_newest_file() -> None:
    """A file that is exactly `window_days` older than the newest is out; a younger one is in."""
    settings = BatchSettings(training_set=TrainingSetKind.WINDOW, window_days=2)
    seconds_ago = (4 * DAY_S, 2 * DAY_S, 2 * DAY_S - 1, DAY_S, 0)
    parts = [part_of(landed_run(number, modified_s=-ago)) for number, ago in enumerate(seconds_ago)]
    assert choose(settings, parts).parts == tuple(parts[2:])


@pytest.mark.parametrize(
    ("settings", "parts", "words"),
    [
        (IntakeSettings(min_rows=20), {}, ()),
        (IntakeSettings(min_rows=21), {}, ("20 rows", "min_rows is 21")),
        (IntakeSettings(), {"rows": 0}, ("0 rows",)),
        (IntakeSettings(), {"labels": {"no": 10}}, ("'no'", "two classes")),
        (IntakeSettings(), {"labels": {"no": 10, "yes": 0}}, ("'no'", "two classes")),
        (IntakeSettings(), {"labels": {}}, ()),
        (IntakeSettings(max_missing=0.5), {"missing": {"age": 5}}, ()),
        (IntakeSettings(max_missing=0.5), {"missing": {"age": 6}}, ("'age'", "12 of 20", "60%", "max_missing is 0.5")),
        (IntakeSettings(), {"missing": {"age": 10}}, ()),
    ],
)
def test_the_checks_of_a_set_count_all_its_files(
    settings: IntakeSettings, parts: dict[str, object], words: tuple[str, ...]
) -> None:
    """Two files of ten rows are one set of twenty; each sentence has the numbers and the setting."""
    members = [part_of(landed_run(number), **parts) for number in (1, 2)]  # type: ignore[arg-type]
    problems = problems_of_set(settings, members)
    assert len(problems) == bool(words)
    assert all(word in problems[0] for word in words)


def test_an_increment_with_a_single_class_is_made_whole_by_another_file() -> None:
    """Each file alone has one class, both together have two."""
    days = [part_of(landed_run(1), labels={"no": 10}), part_of(landed_run(2), labels={"yes": 10})]
    assert problems_of_set(IntakeSettings(), days[:1])
    assert problems_of_set(IntakeSettings(), days) == ()


def test_a_class_of_the_champion_may_not_be_absent() -> None:
    """The sentence names the lost classes."""
    parts = [part_of(landed_run(1), labels={"no": 5, "yes": 5})]
    assert problems_of_set(IntakeSettings(), parts, {"yes"}) == ()
    (problem,) = problems_of_set(IntakeSettings(), parts, {"yes", "maybe"})
    assert "'maybe'" in problem
    assert "'yes'" not in problem


def test_rows_under_two_headers_are_no_set() -> None:
    """Both files and headers are named; a part of an earlier schema does not count, for it is written anew."""
    parts = [part_of(landed_run(1), header="a;b\n"), part_of(landed_run(2))]
    (problem,) = problems_of_set(IntakeSettings(), parts)
    assert all(word in problem for word in ("0001.csv", "0002.csv", "'a;b'", HEADER.strip()))
    assert problems_of_set(IntakeSettings(), [part_of(landed_run(1), header="a;b\n", schema=0), parts[1]]) == ()


def test_encodings_count_only_where_bytes_do_not_change() -> None:
    """Clean rows are UTF-8 whatever their originals were."""
    parts = [part_of(landed_run(1), encoding="cp1252"), part_of(landed_run(2))]
    assert problems_of_set(IntakeSettings(), parts) == ()
    (problem,) = problems_of_set(IntakeSettings(normalise=False), parts)
    assert "cp1252" in problem


@given(st.lists(st.integers(0, 5), max_size=6, unique=True))
def test_the_hash_of_a_set_is_of_its_content_in_order(numbers: list[int]) -> None:
    """The same header and hashes in the same order are the same set, and nothing else is."""
    parts = [numbered(number) for number in numbers]
    bytes_of_parts = b"".join(bytes.fromhex(part.rows_sha256) for part in parts)
    assert sha256_of_set(HEADER, parts) == hashlib.sha256(HEADER.encode() + bytes_of_parts).hexdigest()
    if len(parts) > 1:
        assert sha256_of_set(HEADER, parts) != sha256_of_set(HEADER, parts[::-1])


def test_a_file_whose_classes_are_not_known_makes_no_other_a_file_of_one_class() -> None:
    """The rest of the set may have what the counted files lack, so nothing is said of its classes."""
    parts = [part_of(landed_run(1), labels={}), part_of(landed_run(2), labels={"yes": 10})]
    assert problems_of_set(IntakeSettings(), parts, ("no", "yes")) == ()
    assert classes_of_set(parts) == ()


def test_a_file_without_rows_hides_no_class() -> None:
    """All of its rows may be of the holdout; the classes of the set are those of the other files."""
    parts = [part_of(landed_run(1), rows=0, labels={}), part_of(landed_run(2), labels={"no": 5, "yes": 5})]
    assert classes_of_set(parts) == ("no", "yes")
    assert problems_of_set(IntakeSettings(), parts, ("maybe", "no", "yes")) != ()


@pytest.mark.parametrize("text", ["{}", "{:0500}"])
def test_more_classes_than_a_row_may_hold_are_none(text: str) -> None:
    """Each file may have few enough, and the set too many, or too long ones."""
    labels = [{text.format(number): 1 for number in range(start, start + 150)} for start in range(0, 1050, 150)]
    parts = [part_of(landed_run(number), rows=150, labels=some) for number, some in enumerate(labels)]
    assert classes_of_set(parts) == ()
    assert len(classes_of_set(parts[:1])) == 150
