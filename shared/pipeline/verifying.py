"""Verification: the endpoint must answer as the challenger does in time, or the previous model is put back."""

from datetime import timedelta

from shared.champions import Champion
from shared.errors import PermanentError
from shared.pipeline import evaluating
from shared.pipeline.desk import RunDesk
from shared.pipeline.golden import as_answers, ask, pinned_golden
from shared.pipeline.promoting import LINK_VALID_S, put_back, why_promoted
from shared.ports import Answers
from shared.runs import RunState


def verify(desk: RunDesk) -> bool:
    """Take the step that the promotion is at."""
    match desk.run.step:
        case "put-back":
            return _send_back(desk)
        case "put-back-answers":
            return _verify_put_back(desk)
        case _:
            return _verify_promoted(desk)


def give_up(desk: RunDesk) -> bool:
    """Put the previous model back once the promotion is overdue; putting back has no deadline."""
    last = f"; last: {desk.run.reason}" if desk.run.reason else ""
    put_back(desk, f"the endpoint could not be verified within the deadline{last}")
    return True


def _verify_promoted(desk: RunDesk) -> bool:
    run, serving = desk.run, desk.route.serving
    golden = pinned_golden(desk)
    staged = (run.answers or {})["staged"]
    try:
        answers = ask(desk, serving, golden)
    except PermanentError as error:  # it cannot score the rows at all: not what was staged
        answers, seen = None, str(error)
    else:
        seen = "it answers otherwise than the staging endpoint" if staged else "it still answers as before"
    if answers is not None and _is_challenger(desk, answers):
        desk.crown(
            Champion(
                run_id=run.run_id,
                generation=run.generation,
                model=str((run.challenger or {})["kept"]),
                metrics=(run.challenger or {})["metrics"],
                promoted_at=desk.now(),
                golden_etag=str((run.answers or {})["golden_etag"]),
                answers=answers,
            )
        )
        desk.move(RunState.PROMOTED, why_promoted(run), endpoints=desk.note(serving, "verified"))
        return True
    accepted_at = run.answering_since or run.updated_at
    if desk.now() < accepted_at + timedelta(seconds=serving.propagation_s):
        return False  # nothing is written while nothing changes: the tick asks again
    put_back(
        desk, f"endpoint {serving.name} accepted the model but {serving.propagation_s} s later was not verified: {seen}"
    )
    return True


def _is_challenger(desk: RunDesk, answers: Answers) -> bool:
    """Tell whether the challenger answers: as staged; without a staging endpoint, at least not as before."""
    known = desk.run.answers or {}
    if known["staged"] is not None:
        return answers == as_answers(known["staged"])
    return answers != as_answers(known["before"])


def _send_back(desk: RunDesk) -> bool:
    """PATCH the model that the intent goes back to."""
    run, serving = desk.run, desk.route.serving
    intent = desk.endpoint().intent
    if intent is None or intent.run_id != run.run_id:
        # Only a verified promotion closes the intent before this step: its worker died before it wrote the run, and by
        # now another model is in service.
        desk.move(RunState.PROMOTED, why_promoted(run))
        return True
    evaluating.patch(desk, serving, desk.services.blobs.link(intent.from_model, LINK_VALID_S))
    desk.save(
        run.evolve(
            desk.now(),
            step="put-back-answers",
            answering_since=desk.now(),
            endpoints=desk.note(serving, "put_back"),
        )
    )
    return True


def _verify_put_back(desk: RunDesk) -> bool:
    """Check the previous model, after the whole propagation time: the challenger might otherwise still come up."""
    run, serving = desk.run, desk.route.serving
    accepted_at = run.answering_since or run.updated_at
    if desk.now() < accepted_at + timedelta(seconds=serving.propagation_s):
        return False
    known = run.answers or {}
    if ask(desk, serving, pinned_golden(desk)) != as_answers(known["before"]):
        now = desk.now()
        reason = f"endpoint {serving.name} does not answer as before although the previous model was put back"
        again = run.postponed(now, reason)
        desk.save(run.evolve(now, step="put-back", reason=reason, tries=again.tries, not_before=again.not_before))
        return False
    if known["staged"] is None:
        desk.end(
            RunState.UNCHANGED, f"the two models could not be told apart; the previous one was put back: {run.reason}"
        )
    else:
        desk.end(RunState.ROLLED_BACK, f"the previous model was put back and verified: {run.reason}")
    return True
