"""The promotion: keep the model, write the intent, PATCH the serving endpoint. Verified by `verifying`."""

from dataclasses import replace
from datetime import timedelta

from shared.errors import ConfigError, PermanentError, RetryableError
from shared.pipeline import evaluating
from shared.pipeline.desk import RunDesk
from shared.pipeline.preparing import model_path
from shared.pipeline.services import MODELS
from shared.ports import CopyState
from shared.runs import Run, RunState

LINK_VALID_S = 900  # how long the endpoint may read the model it was given; it copies it at once

SENDING_LEASE_S = 60  # how long a worker has for its PATCH before another one may send it as well

# Steps of PROMOTING. The row says SENDING before a PATCH leaves, so whoever finds it so cannot know that none arrived.
SENDING = "sending"
NOT_SENT = "not-sent"  # every PATCH so far was refused for certain: the endpoint is as it was


def prepare(desk: RunDesk) -> bool:
    """Keep a copy of the model, make sure of the way back, write the intent."""
    run, route = desk.run, desk.route
    champion = desk.endpoint().champion
    if (champion.run_id if champion else None) != (run.champion or {}).get("run_id"):
        desk.move(RunState.TRAINED, "the champion changed since the decision; evaluating again")
        return True
    desk.check_free()
    way_back = champion.model if champion else route.initial_model
    container, _, name = way_back.partition("/")
    if desk.services.blobs.version(container, name) is None:
        raise ConfigError(
            [
                f"{way_back} does not exist, so a failed promotion could not be put back: nothing was promoted;"
                + (" restore this kept model" if champion else " put the model in service there (initial_model)")
            ]
        )
    kept = f"{MODELS}/{route.name}/{run.run_id}.ilearner"
    if desk.services.blobs.copy(model_path(run), kept) is not CopyState.DONE:
        raise RetryableError("the copy of the model is not finished yet")
    desk.write_intent(from_model=way_back, to_model=kept)
    desk.move(
        RunState.PROMOTING,
        why_promoted(run),
        step=SENDING,
        not_before=desk.now() + timedelta(seconds=SENDING_LEASE_S),
        challenger={**(run.challenger or {}), "kept": kept},
    )
    desk.nothing_sent = True
    return True


def patch(desk: RunDesk) -> bool:
    """Give the kept model to the serving endpoint. Sending the same model again is harmless."""
    if desk.run.step == NOT_SENT:
        now = desk.now()
        desk.save(desk.run.evolve(now, step=SENDING, not_before=now + timedelta(seconds=SENDING_LEASE_S)))
        desk.nothing_sent = True
    nothing_sent, desk.nothing_sent = desk.nothing_sent, False
    run, serving = desk.run, desk.route.serving
    kept = str((run.challenger or {})["kept"])
    try:
        evaluating.patch(desk, serving, desk.services.blobs.link(kept, LINK_VALID_S))
    except ConfigError as error:  # refused for certain, or not even sent; somebody may correct the key
        waiting = run.postponed(desk.now(), str(error))
        desk.save(replace(waiting, step=NOT_SENT) if nothing_sent else waiting)
        return False
    except PermanentError as error:
        if nothing_sent:
            desk.end(RunState.FAILED, f"{error}; the serving endpoint is untouched")
        else:
            put_back(desk, f"the endpoint refuses the model, and an earlier update may have reached it: {error}")
        return True
    desk.move(
        RunState.VERIFYING,
        why_promoted(run),
        step="answers",
        answering_since=desk.now(),
        endpoints=desk.note(serving, "patched"),
    )
    return True


def give_up(desk: RunDesk) -> bool:
    """End a promotion that could not be sent in time; if it may have been sent, put the previous model back."""
    last = f"; last: {desk.run.reason}" if desk.run.reason else ""
    if desk.run.step == NOT_SENT:
        desk.end(RunState.TIMED_OUT, f"the serving endpoint could not be updated in time and is untouched{last}")
    else:
        put_back(desk, f"the update was never confirmed within the deadline{last}")
    return True


def put_back(desk: RunDesk, why: str) -> None:
    """Turn the promotion round: from here on it ends with the previous model verified, however long that takes."""
    desk.move(RunState.VERIFYING, why, step="put-back", deadline_at=None)


def why_promoted(run: Run) -> str:
    """Return the decision's reasons in one line."""
    return "; ".join((run.decision or {})["reasons"])
