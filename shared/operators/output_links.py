"""Fresh links to what a run's job left: for people, made when asked for, stored nowhere."""

from shared.blob_path import BlobPath
from shared.errors import NotNowError, UnknownError
from shared.lifecycle.job_states import output_paths
from shared.records.run import Json, iso
from shared.services import Services

LINKS_VALID_S = 900


def links(services: Services, run_id: str) -> Json:
    """Return URLs of a run's evaluation and model that anybody may read with, for a quarter of an hour.

    Raises:
        UnknownError: there is no such run.
        NotNowError: its job has not left anything yet.
    """
    stored = services.runs.find(run_id)
    if stored is None:
        raise UnknownError(f"there is no run {run_id}")
    run = stored.run
    known = run.challenger or {}
    model, evaluation = output_paths(run)
    paths = {
        "model": str(known.get("kept") or known.get("model") or model),
        "evaluation": str(known.get("evaluation") or evaluation),
    }
    found: Json = {}
    for what, path in paths.items():
        if services.blobs.version(*BlobPath.parse(path)) is not None:
            link = services.blobs.link(path, LINKS_VALID_S)
            found[what] = f"{link.base}{link.relative}{link.sas}"
    if not found:
        raise NotNowError(f"run {run_id} is {run.state.value}: its job has left neither evaluation nor model")
    return {"run_id": run.run_id, **found, "valid_s": LINKS_VALID_S, "made_at": iso(services.clock.now())}
