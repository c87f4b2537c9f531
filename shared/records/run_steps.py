"""The steps within a run's states: each state has steps of its own, and some states have none (pure)."""

from enum import StrEnum


class LandedStep(StrEnum):
    """Steps of `landed`. Without a step the input is about to be copied, or its job about to be submitted."""

    PINNING = "pinning"  # the storage is copying the file to where the job reads it
    QUEUED = "queued"  # pinned; a message of the queue `intake`, or a later tick, has it read
    READING = "reading"  # a worker reads and checks it, and renews `not_before` as its lease
    PREPARING = "preparing"  # its training set is complete; a message of the queue `intake` has it assembled
    ASSEMBLING = "assembling"  # a worker assembles the training set, and renews `not_before` as its lease


class WaitingStep(StrEnum):
    """Steps of `waiting`: what the run waits for."""

    ARCHIVED = "archived"  # the file is in the archive tier, where nothing can read it
    SETTLE = "settle"  # the file may still be growing, or its marker is missing
    BATCH = "batch"  # accepted; it is trained with the next batch


class SubmittedStep(StrEnum):
    """Steps of `submitted`. Without a step the job is about to be started."""

    CANCELLING = "cancelling"  # written before the cancellation: it tells our own from a cancellation at the service


class StartedStep(StrEnum):
    """Steps of `started`. Without a step the job may still be queued."""

    RUNNING = "running"
    CANCELLING = "cancelling"


class StagedStep(StrEnum):
    """Steps of `staged`."""

    ANSWERS = "answers"  # the staging endpoint accepted the challenger; its answers to the golden rows are awaited
    SCORING = "scoring"  # both models score the holdout


class PromotingStep(StrEnum):
    """Steps of `promoting`."""

    SENDING = "sending"  # written before a PATCH leaves: an update may have arrived
    NOT_SENT = "not-sent"  # every PATCH so far was refused: the endpoint is as it was
    REFUSED = "refused"  # the endpoint refused the model and is unchanged; the run ends `failed`
    UNSENT = "unsent"  # no PATCH was accepted by the deadline, the endpoint is unchanged; the run ends `timed_out`


class VerifyingStep(StrEnum):
    """Steps of `verifying`: of the verification, or of the restore."""

    ANSWERS = "answers"  # the serving endpoint accepted the challenger; its answers to the golden rows are awaited
    BAKING = "baking"  # verified, and watched for the route's `bake_s` before it counts as promoted
    PUT_BACK = "put-back"  # the previous model is sent until the endpoint accepts it
    PUT_BACK_ANSWERS = "put-back-answers"  # the previous model was accepted; its answers are awaited
    PUT_BACK_VERIFIED = "put-back-verified"  # the previous model is verified; the endpoint is being released


type Step = LandedStep | WaitingStep | SubmittedStep | StartedStep | StagedStep | PromotingStep | VerifyingStep
