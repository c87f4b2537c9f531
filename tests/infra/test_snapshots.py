"""The snapshots belong to the templates as they are now, and wrong combinations of parameters have their messages."""

import json
import re

from tests.infra.compiler import REFUSALS, accepted, refused, written_snapshot
from tests.infra.deployments import deployment, deployment_names, deployments
from tests.infra.sources import DIGEST, FIRST_UP, INFRA, digest, first_up, parameters_by_azd

REFUSED: dict[str, str] = json.loads(REFUSALS.read_text(encoding="utf-8"))


def test_the_snapshots_are_of_these_sources() -> None:
    """Without the compiler this digest alone finds a snapshot that is older than the templates."""
    assert DIGEST.read_text(encoding="utf-8").strip() == digest(), "the templates changed: run make snapshots"


def test_the_first_up_is_what_azd_passes() -> None:
    """The parameter file is main.parameters.json with azd's own variables and no others."""
    assert FIRST_UP.read_text(encoding="utf-8") == first_up(), "main.parameters.json changed: run make snapshots"


def test_azds_variables_are_filled_in() -> None:
    """A variable that is set replaces the default; an empty text is passed only if the variable is set."""
    given = parameters_by_azd({"AZURE_ENV_NAME": "dev", "LANDFALL_INPUT": "files", "LANDFALL_STUDIO_IMAGE": ""})

    assert given["environmentName"] == "dev"
    assert given["inputContainer"] == "files"
    assert given["operatorPrincipalType"] == "User"
    assert given["studioImage"] == ""
    assert "alertEmail" not in given
    assert given["routeSettings"]["CENSUS_JOBS_URL"] == ""


def test_every_parameter_file_has_its_snapshot() -> None:
    """No snapshot is missing, none is left over, and each refused combination has a message."""
    assert [written_snapshot(path).name for path in accepted()] == [
        f"{name}.snapshot.json" for name in deployment_names()
    ]
    assert sorted(REFUSED) == [path.stem for path in refused()]


def test_a_refusal_names_the_parameter_and_what_to_do() -> None:
    """Each sentence begins with a parameter of main.bicep and says what to do after a colon."""
    parameters = set(re.findall(r"^param (\w+) ", (INFRA / "main.bicep").read_text(encoding="utf-8"), re.MULTILINE))
    assert REFUSED
    for name, message in REFUSED.items():
        sentence = re.fullmatch(r"(\w+) .*: .*\.", message)
        assert sentence, name
        assert sentence[1] in parameters, name


def test_every_problem_is_refused_in_a_snapshot() -> None:
    """Each text of main.bicep's `problems` is in the message of some refused combination; all problems at once."""
    body = (INFRA / "main.bicep").read_text(encoding="utf-8").partition("var problems = ")[2].partition("\n)\n")[0]
    texts = [text for text in re.findall(r"\? '((?:[^'\\]|\\.)+)'", body) if text]
    patterns = [re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(text)) for text in texts]
    together = max(sum(re.search(pattern, message) is not None for pattern in patterns) for message in REFUSED.values())

    assert len(texts) == body.count("? '")
    assert not [pattern for pattern in patterns if not any(re.search(pattern, text) for text in REFUSED.values())]
    assert together > 1


def test_a_snapshot_is_the_same_on_every_machine() -> None:
    """Subscription and tenant are the made-up ones, and no path of a machine is in a snapshot."""
    for made in [*deployments(), deployment("event-subscription"), deployment("outside-clock")]:
        text = json.dumps([resource.body for resource in made.resources])
        ids = set(re.findall(r"/subscriptions/([^/']+)", text))
        assert ids == {"22222222-2222-2222-2222-222222222222"}, made.name
        assert not re.search(r"(?<![\w/])/(?:home|root|tmp|Users|work)/", text), made.name
