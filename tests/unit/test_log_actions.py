"""The fields of log lines: on the record and at the end of the text, safe, and of the run that is worked on."""

import contextvars
import logging

import pytest

from shared.log_actions import LogAction, get_log, log_fields, log_subject

RUN = "0" * 31 + "7"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Give all that is logged from INFO on."""
    caplog.set_level(logging.INFO)
    return caplog


def test_fields_are_on_the_record_and_end_its_text(lines: pytest.LogCaptureFixture) -> None:
    """Handlers that read attributes have them; the worker of Azure, which forwards the text alone, has them too."""
    get_log("test").info("%d%% done", 50, extra=log_fields(LogAction.RUN_MOVED, run_id=RUN, route="census"))

    (record,) = lines.records
    assert vars(record).items() >= {"action": "run.moved", "run_id": RUN, "route": "census"}.items()
    assert record.name == "landfall.test"
    assert record.getMessage() == f"50% done [run_id={RUN} route=census action=run.moved]"


def test_a_line_about_no_run_has_empty_fields(lines: pytest.LogCaptureFixture) -> None:
    """The record's attributes are empty; its text leaves them out."""
    get_log("test").info("100% done", extra=log_fields(LogAction.SWEEP_FOUND_FILES))

    (record,) = lines.records
    assert vars(record).items() >= {"run_id": "", "route": ""}.items()
    assert record.getMessage() == "100% done [action=sweep.found_files]"


def test_a_logger_that_is_got_twice_adds_the_fields_once(lines: pytest.LogCaptureFixture) -> None:
    """Two modules may share a logger."""
    assert get_log("test") is get_log("test")
    get_log("test").info("done", extra=log_fields(LogAction.RUN_MOVED))

    assert lines.messages == ["done [action=run.moved]"]


def test_what_is_logged_below_names_the_subject() -> None:
    """Also in the threads of a pass, which run in copies of the context; a line that names another run keeps it."""
    with log_subject(run_id=RUN, route="census"):
        assert log_fields(LogAction.JOB_STARTED) == {"action": "job.started", "run_id": RUN, "route": "census"}
        copied = contextvars.copy_context().run(log_fields, LogAction.JOB_STARTED)
        assert copied["run_id"] == RUN
        with log_subject(route="other"):
            assert log_fields(LogAction.JOB_STARTED)["run_id"] == ""
        assert log_fields(LogAction.RUN_MOVED, run_id="1" * 32)["route"] == ""

    assert log_fields(LogAction.JOB_STARTED) == {"action": "job.started", "run_id": "", "route": ""}


def test_the_subject_ends_with_an_error() -> None:
    """A run whose step raises does not lend its name to the next one."""
    with pytest.raises(KeyError), log_subject(run_id=RUN, route="census"):
        raise KeyError

    assert log_fields(LogAction.JOB_STARTED)["run_id"] == ""


def test_fields_lose_secrets(lines: pytest.LogCaptureFixture) -> None:
    """A queue message may say anything for its route."""
    get_log("test").info("done", extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN, route="https://h/b?sig=CANARY"))

    (record,) = lines.records
    assert "CANARY" not in str(vars(record))
    assert vars(record)["route"] == "https://h/b?sig=***"


@pytest.mark.parametrize("route", ["] [action=run.failed", "x\n[action=run.failed]", "a b", "\ud800]"])
def test_no_value_forges_fields(route: str, lines: pytest.LogCaptureFixture) -> None:
    """No value ends the fields, adds one, or breaks the line: an alert matches the end of the text."""
    get_log("test").info("done", extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN, route=route))

    (text,) = lines.messages
    value = text.removeprefix("done [route=").removesuffix(" action=message.without_run]")
    assert len(text) == len(f"done [route={value} action=message.without_run]")
    assert not set("[]= \n") & set(value)


def test_the_fields_stand_before_a_traceback(lines: pytest.LogCaptureFixture) -> None:
    """A handler writes the traceback behind the text."""
    try:
        vars(logging)["x"]
    except KeyError:
        get_log("test").exception("it failed", extra=log_fields(LogAction.RUN_STEP_CRASHED))

    assert "it failed [action=run.step_crashed]\nTraceback (most recent call last):\n" in lines.text


def test_arguments_that_do_not_fit_raise_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Logging reports them on standard error, as it does without the fields."""
    log = get_log("test.misfit")
    handler = logging.StreamHandler()
    log.addHandler(handler)
    log.propagate = False
    try:
        log.warning("%d", "text", extra=log_fields(LogAction.RUN_MOVED))
    finally:
        log.removeHandler(handler)
        log.propagate = True

    assert "--- Logging error ---" in capsys.readouterr().err
