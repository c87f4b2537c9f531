"""A state folder remembers its configuration, and never changes it silently."""

import argparse
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfall.command_options import build_parser
from landfall.commands.start_config import EXAMPLE, choose_config
from landfall.errors import CommandError, UsageError
from landfall.stack.last_start import LAST_START_FILE, LastStart, read_last_start, write_last_start
from landfall.stack.stack_config import ConfigChanges, StackConfig, differences
from landfall.stack.stack_ports import StackPorts
from landfall.stack.stack_state import StateFolder

SECRET = "wJalrXUtnFEMI"
BEFORE = StackConfig(Path("/a/routes.toml"), (Path("/a/one.toml"), Path("/a/two.toml")), {"KEY": SECRET, "POLL": "1"})
PATHS = st.integers(0, 3).map(lambda number: Path(f"/x/{number}.toml"))
CHOICES = st.builds(
    StackConfig,
    PATHS,
    st.lists(PATHS, min_size=1, unique=True).map(tuple),
    st.dictionaries(st.sampled_from("ABC"), st.sampled_from("12")),
)


def options(state: Path, *arguments: str) -> argparse.Namespace:
    """Return the options of a command line, as `landfall up` gets them."""
    return build_parser().parse_args(["up", "--state", str(state), *arguments])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a state folder that was started with files of its own."""
    files = [tmp_path / name for name in ("routes.toml", "one.toml")]
    for file in files:
        file.touch()
    folder = StateFolder(tmp_path / "state")
    folder.create()
    write_last_start(folder, LastStart(StackConfig(files[0], (files[1],), {"KEY": SECRET}), StackPorts.free()))
    return folder.path


def test_nothing_given_is_as_before() -> None:
    """Routes, experiments and settings stay; so do settings given again with the same value."""
    assert ConfigChanges().applied_to(BEFORE) == BEFORE
    assert ConfigChanges(settings={"POLL": "1"}).applied_to(BEFORE) == BEFORE
    assert differences(BEFORE, BEFORE) == []


@given(CHOICES, CHOICES)
def test_there_is_no_difference_only_to_the_same(before: StackConfig, now: StackConfig) -> None:
    """Every difference is reported; settings that are left out stay, and the order does not count."""
    given = ConfigChanges(now.routes, now.experiments, now.settings)
    same = (before.routes, set(before.experiments)) == (now.routes, set(now.experiments))
    same = same and now.settings.items() <= before.settings.items()

    assert (differences(before, given.applied_to(before)) == []) is same


def test_each_difference_is_reported_without_a_value() -> None:
    """A difference shows both sides; of a setting only the name, since its value may be a secret."""
    given = ConfigChanges(Path("/b/routes.toml"), [Path("/a/one.toml")], {"KEY": "other", "NEW": SECRET})
    lines = differences(BEFORE, given.applied_to(BEFORE))

    assert lines == [
        "routes: /a/routes.toml before, /b/routes.toml now",
        "experiments: /a/one.toml, /a/two.toml before, /a/one.toml now",
        "setting KEY: another value before",
        "setting NEW: not set before",
    ]


def test_the_studio_can_be_left_out_and_come_back() -> None:
    """Without a studio nothing is published; an experiment needs a studio."""
    without = ConfigChanges(studio=False).applied_to(BEFORE)
    assert (without.studio, without.experiments) == (False, ())
    assert differences(BEFORE, without) == ["studio: with one before, without one now"]
    assert ConfigChanges().applied_to(without) == without
    back = ConfigChanges(experiments=[Path("/a/one.toml")]).applied_to(without)
    assert (back.studio, back.experiments) == (True, (Path("/a/one.toml"),))
    assert differences(without, back) == ["studio: without one before, with one now"]


def test_the_last_start_is_private_and_read_back(tmp_path: Path) -> None:
    """Only its owner may read it; there is none before the first start; a broken file is named."""
    folder = StateFolder(tmp_path / "state")
    folder.create()
    assert read_last_start(folder) is None
    memory = LastStart(BEFORE, StackPorts.free())
    write_last_start(folder, memory)

    assert read_last_start(folder) == memory
    assert stat.S_IMODE((folder.path / LAST_START_FILE).stat().st_mode) == 0o600
    for broken in ("{", "[]", '{"choice": {}}', '{"choice": 1, "ports": 2}'):
        (folder.path / LAST_START_FILE).write_text(broken, encoding="utf-8")
        with pytest.raises(CommandError, match=rf"{LAST_START_FILE} was not written by a start.*give the routes"):
            read_last_start(folder)


def test_the_first_start_takes_the_options_or_the_example(tmp_path: Path) -> None:
    """The first start asks nothing."""
    assert choose_config(options(tmp_path), None) == EXAMPLE
    chosen = choose_config(options(tmp_path, "--routes", "r.toml", "--set", "A=1", "--no-studio"), None)
    assert chosen == StackConfig(Path("r.toml").resolve(), (), {"A": "1"}, studio=False)


def test_the_next_start_needs_nothing(state: Path) -> None:
    """The configuration is as before, also if the same is given again."""
    before = read_last_start(StateFolder(state))
    assert before is not None
    routes = str(before.config.routes)

    assert choose_config(options(state), None) == before.config
    assert choose_config(options(state, "--routes", routes, "--set", f"KEY={SECRET}"), None) == before.config


def test_another_configuration_is_refused_with_alternatives(state: Path) -> None:
    """Without a terminal the error has the differences and complete commands, but no value of a setting."""
    with pytest.raises(CommandError) as refused:
        choose_config(options(state, "--detach", "--routes", "my routes.toml", "--set", f"OTHER={SECRET}"), None)

    message = str(refused.value)
    assert f"{state} was started with another configuration before" in message
    assert "setting OTHER: not set before" in message
    assert f"as before:         `landfall up --detach --state {state}`" in message
    given = "up --routes 'my routes.toml' --set OTHER=VALUE --replace --detach"
    assert f"as given now:      `landfall {given} --state {state}`" in message
    assert SECRET not in message


def test_a_person_is_asked(state: Path) -> None:
    """Yes accepts the configuration; any other answer starts nothing."""
    questions: list[str] = []

    def answer(reply: str) -> StackConfig:
        def ask(question: str) -> str:
            questions.append(question)
            return reply

        return choose_config(options(state, "--set", "KEY=x"), ask)

    assert answer(" Yes ").settings == {"KEY": "x"}
    for no in ("", "n", "yesterday"):
        with pytest.raises(CommandError, match="the stack is not started"):
            answer(no)
    assert all("setting KEY: another value before" in question for question in questions)
    assert all(question.endswith("use the new configuration? [y/N] ") for question in questions)


def test_replace_changes_the_named_parts_and_keeps_the_rest(state: Path, tmp_path: Path) -> None:
    """Only the named parts change; `--replace` without any part is refused."""
    before = read_last_start(StateFolder(state))
    assert before is not None
    other_routes = tmp_path / "other.toml"
    other_routes.touch()

    chosen = choose_config(options(state, "--routes", str(other_routes), "--replace"), None)
    assert chosen == replace(before.config, routes=other_routes)
    with pytest.raises(UsageError, match="--replace has nothing to replace"):
        choose_config(options(state, "--replace"), None)


def test_a_missing_remembered_file_is_named(state: Path, tmp_path: Path) -> None:
    """The error has the command that replaces the file."""
    (tmp_path / "routes.toml").unlink()
    with pytest.raises(
        CommandError, match=rf"routes\.toml is missing; .* `landfall up --routes FILE --replace --state {state}`"
    ):
        choose_config(options(state), None)
    (tmp_path / "one.toml").unlink()
    with pytest.raises(CommandError, match="--routes FILE --experiment FILE --replace"):
        choose_config(options(state), None)
