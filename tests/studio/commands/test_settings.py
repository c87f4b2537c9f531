"""The settings of a container: taken from the environment, and refused where no caller could use them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from studio.commands.cli import main
from studio.commands.settings import served_url
from studio.errors import SetupError
from tests.studio.caller import Storage, Trainer, bearer, get_endpoint, job_body, refusal
from tests.studio.running import running_studio, storage_host


def test_the_environment_gives_url_and_hosts(own_data: Path, storage: Storage, azurite: str) -> None:
    """Behind a proxy that ends TLS the URLs are the proxy's; hosts of the environment and of options add up."""
    environ = {
        "STUDIO_BASE_URL": "https://studio.example.com/models/",
        "STUDIO_ALLOW_HOSTS": f"*.blob.core.windows.net, {storage_host(azurite)}",
    }
    with running_studio(own_data, ["second.example.com"], environ=environ) as studio:
        endpoint = get_endpoint(studio.endpoint("production"))
        assert endpoint["ApiLocation"].startswith("https://studio.example.com/models/workspaces/")
        assert endpoint["HelpLocation"].startswith("https://studio.example.com/models/apihelp/")
        trainer = Trainer.of(studio)
        body = job_body(storage)
        trainer.submit(body)
        for host, detail in (("a.blob.core.windows.net", 200), ("second.example.com", 200), ("third.example.com", 400)):
            text = f"BlobEndpoint=https://{host};SharedAccessSignature=sv=1&sig=x"
            body["Inputs"]["input1"]["ConnectionString"] = text
            assert trainer.call("POST", json=body).status_code == detail, host
        assert refusal(trainer.call("POST", json=body)) == (400, "BadArgument", "InvalidBlob")


def test_other_commands_take_the_environment_too(own_data: Path) -> None:
    """`describe` needs no option where the container's variables say where the data is and what callers use."""
    environ = {**os.environ, "STUDIO_DATA": str(own_data), "STUDIO_BASE_URL": "https://studio.example.com"}
    words = [sys.executable, "-m", "studio", "describe"]
    described = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, env=environ).stdout
    assert '"jobs_url": "https://studio.example.com/workspaces/' in described


def test_no_data_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without option and variable the command says which option is missing."""
    monkeypatch.delenv("STUDIO_DATA", raising=False)
    with pytest.raises(SystemExit):
        main(["describe"])
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "studio.internal"])  # noqa: S104 (only asked about)
def test_others_need_a_url(host: str) -> None:
    """Where others can reach the studio, it must be told what they call it."""
    with pytest.raises(SetupError, match="STUDIO_BASE_URL"):
        served_url(None, host)
    with pytest.raises(SetupError, match="STUDIO_BASE_URL"):
        served_url("", host)
    assert served_url("https://studio.example.com/", host) == "https://studio.example.com"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.0.1"])
def test_this_machine_needs_none(host: str) -> None:
    """On loopback the listener's own address will do."""
    assert served_url(None, host) is None


@pytest.mark.parametrize(
    "url",
    [
        *("studio.example.com", "ftp://studio.example.com", "https://", "https://u:p@studio.example.com"),
        *("https://studio.example.com/?x=1", "https://studio.example.com/#x", "https://studio.example.com:port"),
        "https://[::1",
    ],
)
def test_what_is_no_base_url(url: str) -> None:
    """A text that no caller could use is refused at the start, not handed out."""
    with pytest.raises(SetupError, match="base URL"):
        served_url(url, "127.0.0.1")


def test_keys_in_the_clear_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """Plain http to other machines is possible, with a warning; to this one, and https, without."""
    for url in ("https://studio.example.com", "http://127.0.0.1:8600", "http://localhost"):
        assert served_url(url, "127.0.0.1") == url
    assert not caplog.records
    served_url("http://studio.example.com", "127.0.0.1")
    assert "in the clear" in caplog.text


def test_a_folder_of_somebody_else_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A data folder that cannot be made or used ends the command in words, as with a volume of another owner."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["serve", "--port", "0", "--data", str(tmp_path / "file" / "data")]) == 1
    assert "cannot be used by user" in capsys.readouterr().err


def test_answers_say_how_to_treat_them(own_data: Path) -> None:
    """No cache keeps an answer, no browser guesses its type, and it does not tell what serves it."""
    with running_studio(own_data) as studio:
        for path in ("/health", "/nothing"):
            answer = requests.get(studio.base_url + path, headers=bearer("x"), timeout=30)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Server" not in answer.headers


def test_a_studio_listens_where_it_is_told(own_data: Path) -> None:
    """By default nobody but this machine reaches it."""
    with running_studio(own_data) as studio:
        port = int(studio.base_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=30)
