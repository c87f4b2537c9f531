"""Outputs without a location go to the studio's own storage account, as in the original."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest
import requests

from studio.errors import SetupError
from studio.models.model_file import load_model
from studio.storage.default_output_storage import DefaultOutputStorage
from tests.studio.caller import Storage, Trainer, download, job_body
from tests.studio.running import running_studio, storage_host

ACCOUNT = "DefaultEndpointsProtocol=https;AccountName=ours;AccountKey=YQ=="


def test_outputs_without_a_place_can_be_read_and_listed(own_data: Path, storage: Storage) -> None:
    """Both outputs come by links of the container (sr=c, sp=rl), new at each GET; the job's log tells its steps."""
    environ = {"STUDIO_STORAGE": storage.connection_string}
    with running_studio(own_data, [storage_host(storage.connection_string)], environ=environ) as studio:
        trainer = Trainer.of(studio)
        body = job_body(storage)
        del body["Outputs"]["output1"]
        status = trainer.train(body)
        assert status["StatusCode"] == "Finished", status
        results = status["Results"]
        model = results["output1"]
        assert model["RelativeLocation"].startswith("experimentoutput/")
        assert model["RelativeLocation"].endswith(".ilearner")
        assert load_model(download(model)).label == "income"
        values = {name: value[0] for name, value in parse_qs(model["SasBlobToken"][1:]).items()}
        assert (values["sr"], values["sp"]) == ("c", "rl")
        listing = f"{model['BaseLocation']}experimentoutput{model['SasBlobToken']}&restype=container&comp=list"
        assert model["RelativeLocation"].partition("/")[2] in requests.get(listing, timeout=30).text
        assert results["output2"]["RelativeLocation"] == f"{storage.container}/job/evaluation.csv"
        body["Outputs"] = None
        assert trainer.train(body)["StatusCode"] == "Finished"


@pytest.mark.parametrize(
    "text", ["nonsense", "AccountName=a", "BlobEndpoint=https://a.example;SharedAccessSignature=x"]
)
def test_a_wrong_connection_string_stops_the_start(text: str) -> None:
    """The error names the variable, without its value."""
    with pytest.raises(SetupError, match=r"^STUDIO_STORAGE: ") as raised:
        DefaultOutputStorage.of_environment({"STUDIO_STORAGE": text})
    assert text not in str(raised.value)


def test_without_the_variable_there_is_none() -> None:
    """An empty variable counts as none; a good one gives the same place for a job's output each time."""
    assert DefaultOutputStorage.of_environment({"STUDIO_STORAGE": " "}) is None
    own = DefaultOutputStorage.of_environment({"STUDIO_STORAGE": ACCOUNT})
    assert own is not None
    assert own.path("j", "output1", ".ilearner") == own.path("j", "output1", ".ilearner")
    assert own.path("j", "output1", ".ilearner") != own.path("j", "output2", ".ilearner")
    assert "YQ==" not in repr(own)
