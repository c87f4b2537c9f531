"""The steps within a run's states: each state has steps of its own, and some states have none (pure)."""

from enum import StrEnum


class LandedStep(StrEnum):
    """Steps of `landed`. Without a step the input is about to be copied, or its job about to be submitted."""

    PINNING = "pinning"  # the storage is copying the file to where the job reads it


class WaitingStep(StrEnum):
    """Steps of `waiting`: what the run waits for."""

    ARCHIVED = "archived"  # the file is in the archive tier, where nobody can read it


class SubmittedStep(StrEnum):
    """Steps of `submitted`. Without a step the job is about to be started."""

    CANCELLING = "cancelling"  # written before the cancellation, so that a cancelled job is known to be our own doing


class StartedStep(StrEnum):
    """Steps of `started`. Without a step the job may still be queued."""

    RUNNING = "running"
    CANCELLING = "cancelling"


class StagedStep(StrEnum):
    """Steps of `staged`."""

    ANSWERS = "answers"  # the staging endpoint accepted the challenger and is asked the golden rows
    SCORING = "scoring"  # both models answer the rows of the holdout


class PromotingStep(StrEnum):
    """Steps of `promoting`."""

    SENDING = "sending"  # written before a PATCH leaves: whoever reads it cannot know that none arrived
    NOT_SENT = "not-sent"  # every PATCH so far was refused for certain: the endpoint is as it was
    REFUSED = "refused"  # the endpoint refuses the model; nothing was changed, and the run ends `failed`
    UNSENT = "unsent"  # no PATCH was accepted in time; nothing was changed, and the run ends `timed_out`


class VerifyingStep(StrEnum):
    """Steps of `verifying`: forwards, or on the way back."""

    ANSWERS = "answers"  # the serving endpoint accepted the challenger and is asked the golden rows
    BAKING = "baking"  # verified, and watched for the route's `bake_s` before it counts as promoted
    PUT_BACK = "put-back"  # the promotion is turned round: the previous model is sent until it is accepted
    PUT_BACK_ANSWERS = "put-back-answers"  # the previous model was accepted and is being verified
    PUT_BACK_VERIFIED = "put-back-verified"  # the previous model is verified; the endpoint is about to be released


type Step = LandedStep | WaitingStep | SubmittedStep | StartedStep | StagedStep | PromotingStep | VerifyingStep
