"""Finds the model and the evaluation among a job's outputs: by configured name or extension, never by position."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from shared.errors import PermanentError
from shared.ports.blob_location import BlobLocation

MODEL_EXTENSION = ".ilearner"


def find_model(outputs: Mapping[str, BlobLocation], configured: str) -> BlobLocation:
    """Return the model output: the configured one if it is a model, else the only `.ilearner` (protocol 0, 7).

    Raises:
        PermanentError: there is no such output, or more than one.
    """
    named = _by_name(outputs, configured)
    if named is not None and _is_model(named):
        return named
    models = [location for location in outputs.values() if _is_model(location)]
    if len(models) != 1:
        raise PermanentError(
            f"The job has {len(models)} outputs that end in {MODEL_EXTENSION}, and none is called {configured!r}."
            f" Its outputs: {_names(outputs)}. Correct model_output in routes.toml."
        )
    return models[0]


def find_evaluation(outputs: Mapping[str, BlobLocation], configured: str) -> BlobLocation:
    """Return the evaluation output: the configured one unless it is a model, else the only other one.

    Raises:
        PermanentError: there is no such output, or more than one.
    """
    named = _by_name(outputs, configured)
    if named is not None and not _is_model(named):
        return named
    others = [location for location in outputs.values() if not _is_model(location)]
    if len(others) != 1:
        raise PermanentError(
            f"The job has {len(others)} outputs that could be the evaluation, and none is called {configured!r}."
            f" Its outputs: {_names(outputs)}. Correct evaluation_output in routes.toml."
        )
    return others[0]


def check_places(outputs: Sequence[BlobLocation], expected: Sequence[str]) -> None:
    """Check that outputs lie where the job was told to write them: the app reads these paths with its own rights.

    Raises:
        PermanentError: one lies elsewhere.
    """
    for output, path in zip(outputs, expected, strict=True):
        if unquote(output.relative).lstrip("/") != path:
            raise PermanentError(
                f"The service names the output {output.relative}, but the job was told to write {path}."
                " No output of this job is used."
            )


def _by_name(outputs: Mapping[str, BlobLocation], name: str) -> BlobLocation | None:
    if name in outputs:
        return outputs[name]
    return next((location for key, location in outputs.items() if key.casefold() == name.casefold()), None)


def _is_model(location: BlobLocation) -> bool:
    return location.relative.casefold().endswith(MODEL_EXTENSION)


def _names(outputs: Mapping[str, BlobLocation]) -> str:
    return ", ".join(f"{name} ({location.relative})" for name, location in outputs.items()) or "none"
