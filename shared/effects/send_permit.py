"""The permit to send a model to an endpoint: granted by a conditional write, valid for a short time on both clocks."""

from datetime import datetime
from typing import NamedTuple, Self

from shared.errors import StaleWriteError
from shared.ports.clock import Clock
from shared.records.endpoint_record import SEND_WITHIN_S


class SendPermit(NamedTuple):
    """The right to send one PATCH, for `SEND_WITHIN_S` seconds from the start of the write that grants it.

    The protocol's PATCH has no condition, so a worker that was paused after its write must not send. Either clock may
    deceive: the monotonic one stands while the machine sleeps, the wall clock may be set. Both must agree.

    Attributes:
        elapsed_s: monotonic seconds at the start of the write.
        granted_at: wall clock at the start of the write, aware UTC.
    """

    elapsed_s: float
    granted_at: datetime

    @classmethod
    def begin(cls, clock: Clock) -> Self:
        """Return a permit that counts from now. Call it before the write: a write may take long to be answered."""
        return cls(clock.elapsed_s(), clock.now())

    def check(self, clock: Clock) -> None:
        """Pass if the PATCH may leave now.

        Raises:
            StaleWriteError: this worker was paused since the write; another one may have taken over.
        """
        ages_s = (clock.elapsed_s() - self.elapsed_s, (clock.now() - self.granted_at).total_seconds())
        if not all(0 <= age_s <= SEND_WITHIN_S for age_s in ages_s):
            raise StaleWriteError(
                f"This worker was paused for more than {SEND_WITHIN_S:g} s before an update. Another worker continues."
            )
