"""The codec: whatever a body is, it is read, or it is an error of our own."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.classic import bes_wire
from shared.adapters.http.service_faults import read_fault
from shared.errors import BadAnswerError, LandfallError
from tests.unit.adapters.classic.wire_examples import FAULT


@pytest.mark.parametrize("text", ["", " \n", "null", "{}", '"ok"', '{"Id": 1}'])
def test_what_is_only_done_may_be_answered_with_anything_of_json(text: str) -> None:
    """Nothing at all is the usual answer."""
    bes_wire.read_nothing(text, FAULT)


@pytest.mark.parametrize("text", ["<html>We are down</html>", "OK", '{"error": {"code": "X"}}', '{"Error": null}'])
def test_a_page_does_not_say_that_it_is_done(text: str) -> None:
    """Whether anything was done is not known."""
    with pytest.raises(BadAnswerError):
        bes_wire.read_nothing(text, FAULT)


READERS: list[Callable[[str], object]] = [
    lambda text: bes_wire.read_job_id(text, FAULT),
    lambda text: bes_wire.read_status(text, FAULT),
    lambda text: bes_wire.read_resources(text, FAULT),
    lambda text: bes_wire.read_answers(text, ["a"], 1, FAULT),
    lambda text: read_fault("x", "https://a.example/", 500, text),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["StatusCode", "Results", "Result", "Details", "error", "Resources", "value", "Values", "Location"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("read", READERS)
@given(text=st.text() | JSON.map(json.dumps))
def test_any_body_is_read_or_refused(read: Callable[[str], object], text: str) -> None:
    """No body makes the codec fail in a way that the pipeline would not understand."""
    with contextlib.suppress(LandfallError):
        read(text)
