"""Short-lived links to the evaluation and the model of a run, for people; they are not stored."""

from shared.blob_path import BlobPath
from shared.errors import NotNowError
from shared.lifecycle.job_paths import output_paths
from shared.operators.operator_runs import find_run
from shared.records.json_codec import Json
from shared.records.times import iso
from shared.services import Services

LINKS_VALID_S = 900


def links(services: Services, run_id: str) -> Json:
    """Return URLs of a run's evaluation and model; whoever has them can read for 15 minutes.

    Raises:
        UnknownError: there is no such run.
        NotNowError: its job has written neither yet.
    """
    run = find_run(services, run_id).run
    route = services.routes.routes.get(run.route)
    model, evaluation = output_paths(run, route.training) if route is not None else ("", "")
    if run.challenger is not None:
        model = run.challenger.archived_model or run.challenger.model
        evaluation = run.challenger.evaluation or evaluation
    paths = {"model": model, "evaluation": evaluation}
    urls: Json = {}
    for name, path in paths.items():
        if path and services.blobs.version(*BlobPath.parse(path)) is not None:
            urls[name] = services.blobs.link(path, LINKS_VALID_S).url
    if not urls:
        raise NotNowError(f"run {run_id} is {run.state.value}: its job has written neither evaluation nor model")
    return {"run_id": run.run_id, **urls, "valid_s": LINKS_VALID_S, "made_at": iso(services.clock.now())}
