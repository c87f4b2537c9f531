"""What people do in a simulation: approve, reject, go back, freeze and unfreeze, retry, accept, forget."""

from collections.abc import Callable
from typing import Any

from shared.errors import OperationError
from shared.operators import approvals, endpoint_overrides, forget, retry, schema_acceptance
from shared.records.run import Run
from shared.records.run_states import RETRIABLE, RunState
from shared.services import Services
from tests.simulation.choices import Choices
from tests.simulation.plan import Plan

LOOK_S = 20.0
ENDPOINT = "production"

type Add = Callable[[str, Callable[[Services], Any]], None]


class Operators:
    """People who look at the runs from time to time, and ask the app for what they want."""

    def __init__(
        self,
        plan: Plan,
        choices: Choices,
        later: Callable[[float, Any], None],
        add: Add,
        erased: Callable[[str], object],
    ) -> None:
        self._plan = plan
        self._choices = choices
        self._later = later
        self._add = add
        self._erased = erased  # is told the name of a file whose erasure was answered

    def begin(self) -> None:
        """Look for the first time a little later."""
        plan = self._plan
        if any((plan.approval, plan.overrides, plan.shapes, plan.retries, plan.accepts, plan.forgets)):
            self._later(LOOK_S, self._look)

    def _look(self) -> None:
        self._later(LOOK_S, self._look)
        self._add("operations", self._decide)
        if self._plan.retries and not self._choices.calm and self._choices.draw("wish", 4) == 1:
            self._add("operations", self._try_again)
        if self._plan.accepts and not self._choices.calm and self._choices.draw("wish", 3) == 1:
            self._add("operations", self._accept)
        if self._plan.forgets and not self._choices.calm and self._choices.draw("wish", 8) == 1:
            self._add("operations", self._forget)
        if not self._plan.overrides:
            return
        wish = self._choices.draw("wish", 6)
        if wish in {1, 2}:
            self._add("operations", self._go_back)
        elif wish == 3:
            self._add("operations", lambda services: endpoint_overrides.freeze(services, ENDPOINT, "somebody", "a fix"))
        elif wish or self._choices.calm:
            self._add("operations", lambda services: endpoint_overrides.unfreeze(services, ENDPOINT, "somebody"))

    def _decide(self, services: Services) -> None:
        for stored in services.runs.active("census"):
            if stored.run.state is RunState.HELD:
                self._decide_on(services, stored.run)

    def _decide_on(self, services: Services, run: Run) -> None:
        answer = self._choices.draw("wish", 6)
        act = approvals.reject if answer == 5 else approvals.approve
        if answer in {0, 1, 2, 5}:  # else later
            try:
                act(services, run.run_id, "somebody", "so they wish")
            except OperationError:
                return

    def _try_again(self, services: Services) -> None:
        ended = [stored.run for stored in services.runs.list_runs() if stored.run.state in RETRIABLE]
        if not ended:
            return
        run = ended[self._choices.draw("wish", len(ended))]
        even_if_running = self._choices.draw("wish", 4) == 3
        try:
            retry.retry(services, run.run_id, "somebody", "it may work now", even_if_running=even_if_running)
        except OperationError:
            return

    def _accept(self, services: Services) -> None:
        refused = [stored.run for stored in services.runs.list_runs() if stored.run.state is RunState.QUARANTINED]
        if not refused:
            return
        run = refused[self._choices.draw("wish", len(refused))]
        try:
            schema_acceptance.accept(services, run.route, run.run_id, "somebody", "it is meant so")
        except OperationError:
            return

    def _forget(self, services: Services) -> None:
        runs = [stored.run for stored in services.runs.list_runs() if stored.run.override is None]
        if not runs:
            return
        run = runs[self._choices.draw("wish", len(runs))]
        try:
            forget.forget(services, run.blob, "somebody", "an erasure request")
        except OperationError:  # they are told to ask again, and do not
            return
        self._erased(run.blob)

    def _go_back(self, services: Services) -> None:
        to = ""
        if self._choices.draw("wish", 2):
            promoted = [
                stored.run.run_id for stored in services.runs.list_runs() if stored.run.state is RunState.PROMOTED
            ]
            to = promoted[-1] if promoted else ""
        try:
            endpoint_overrides.rollback(services, ENDPOINT, "somebody", "complaints", to)
        except OperationError:
            return
