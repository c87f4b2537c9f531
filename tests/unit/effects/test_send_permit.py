"""The send permit: valid for a short time on both clocks, and on none of them alone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.effects.send_permit import SendPermit
from shared.errors import StaleWriteError
from shared.records.endpoint_record import SEND_WITHIN_S
from tests.fakes.fake_clock import FakeClock


@given(elapsed_s=st.floats(0, 10 * SEND_WITHIN_S), jump_s=st.floats(-10 * SEND_WITHIN_S, 10 * SEND_WITHIN_S))
def test_a_permit_is_valid_only_while_both_clocks_say_so(elapsed_s: float, jump_s: float) -> None:
    """A jump of the wall clock ends a permit as a pause does: neither can hide the other."""
    clock = FakeClock()
    permit = SendPermit.begin(clock)
    clock.advance(elapsed_s)
    clock.set(clock.now() + timedelta(seconds=jump_s))
    wall_s = (clock.now() - permit.granted_at).total_seconds()

    if elapsed_s <= SEND_WITHIN_S and 0 <= wall_s <= SEND_WITHIN_S:
        permit.check(clock)
    else:
        with pytest.raises(StaleWriteError, match="paused for more than 20 s"):
            permit.check(clock)
