"""Which output is the model and which the evaluation: by name or extension, in whatever order they come."""

import pytest

from shared.effects.job_outputs import check_places, find_evaluation, find_model
from shared.errors import PermanentError
from shared.ports.blob_location import BlobLocation


def outputs(**paths: str) -> dict[str, BlobLocation]:
    """Return a job's outputs by name."""
    return {name: BlobLocation("https://a/", path, "?sig=secret") for name, path in paths.items()}


def test_the_recorded_order_is_the_other_way_round() -> None:
    """Where output1 is the evaluation and output2 the model, the extension tells (protocol 0, 7)."""
    swapped = outputs(output1="t/e.csv", output2="t/m.ilearner")

    assert find_model(swapped, "output1").relative == "t/m.ilearner"
    assert find_evaluation(swapped, "output2").relative == "t/e.csv"


def test_a_configured_name_decides_among_several() -> None:
    """Custom names work, in any case."""
    many = outputs(res="t/e.csv", log="t/l.csv", trainedModelOutput="t/m.ilearner", other="t/n.ilearner")

    assert find_model(many, "trainedmodeloutput").relative == "t/m.ilearner"
    assert find_evaluation(many, "log").relative == "t/l.csv"


@pytest.mark.parametrize(
    "listed",
    [{}, {"output1": "t/a.csv"}, {"a": "t/a.ilearner", "b": "t/b.ilearner"}],
    ids=["none", "csv only", "two models"],
)
def test_no_model_or_two_is_an_error_that_lists_the_outputs(listed: dict[str, str]) -> None:
    """Nothing is guessed; the error names what there is and which setting to correct, and no token."""
    with pytest.raises(PermanentError, match="model_output") as error:
        find_model(outputs(**listed), "x")
    assert all(name in str(error.value) for name in listed)
    assert "secret" not in str(error.value)


def test_two_possible_evaluations_are_an_error() -> None:
    """Without a configured name there must be only one candidate."""
    with pytest.raises(PermanentError, match="evaluation_output"):
        find_evaluation(outputs(a="t/a.csv", b="t/b.csv"), "x")


@pytest.mark.parametrize(
    "path",
    ["incoming/secret.csv", "training/0f/2/evaluation.csv", "training/0f/1/../../../incoming/secret.csv", "t/e.csv"],
)
def test_an_output_elsewhere_is_not_used(path: str) -> None:
    """A service cannot have the app read another file of the account by naming it as an output."""
    paths = ("training/0f/1/model.ilearner", "training/0f/1/evaluation.csv")
    check_places(list(outputs(a=f"/{paths[0]}", b=paths[1]).values()), paths)

    with pytest.raises(PermanentError, match=r"told to write training/0f/1/evaluation\.csv"):
        check_places(list(outputs(a=paths[0], b=path).values()), paths)
