"""`host.json` and the app settings that win over it: the values that are read, and those that are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from landfall.host.host_json import HostJson
from landfall.host.options import HostOptions
from landfall.host.settings import SettingsError


def load(folder: Path, document: Any, **settings: str) -> HostJson:
    """Read a `host.json` with these app settings."""
    (folder / "host.json").write_text(json.dumps(document), encoding="utf-8")
    return HostJson.load(folder, settings)


def test_an_app_setting_wins_over_the_file(tmp_path: Path) -> None:
    """Settings override single values, in any case of letters; other values stay as in the file."""
    document = {"functionTimeout": "00:10:00", "extensions": {"queues": {"batchSize": 8, "maxDequeueCount": 3}}}
    loaded = load(
        tmp_path,
        document,
        AzureFunctionsJobHost__functionTimeout="01:00:05",
        AzureFunctionsJobHost__extensions__queues__visibilityTimeout="00:00:07",
        AZUREFUNCTIONSJOBHOST__EXTENSIONS__QUEUES__BATCHSIZE="4",
        AzureFunctionsJobHost__extensions__queues__messageEncoding="none",
        AzureFunctionsJobHost__singleton__listenerLockPeriod="00:00:15",
    )

    assert loaded.function_timeout_s == 3605
    assert (loaded.queue_batch, loaded.queue_max_dequeue, loaded.queue_visibility_s) == (4, 3, 7)
    assert (loaded.queue_base64, loaded.lock_s) == (False, 15)


def test_the_defaults_are_the_extensions(tmp_path: Path) -> None:
    """An empty file has Azure's defaults."""
    assert load(tmp_path, {}) == HostJson()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("functionTimeout", "ten"),
        ("functionTimeout", "00:00:00"),
        ("functionTimeout", "36:00:00"),
        ("extensions__queues__visibilityTimeout", "30"),
        ("extensions__queues__batchSize", "33"),
        ("extensions__queues__maxDequeueCount", "0"),
        ("extensions__queues__messageEncoding", "utf-7"),
        ("extensions__blobs__poisonBlobThreshold", "-1"),
        ("singleton__listenerLockPeriod", "00:00:14"),
        ("singleton__listenerLockPeriod", "00:01:01"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(tmp_path: Path, setting: str, value: str) -> None:
    """The error has the setting's name, or the key's place in the file."""
    name = f"AzureFunctionsJobHost__{setting}"
    with pytest.raises(SettingsError, match=rf"^{name} is '{value}': use "):
        load(tmp_path, {}, **{name: value})

    document: Any = value
    for key in reversed(setting.split("__")):
        document = {key: document}
    with pytest.raises(SettingsError, match=rf"host.json: {setting.replace('__', r'\.')} is '{value}'"):
        load(tmp_path, document)


@pytest.mark.parametrize("document", [[], {"extensions": 1}, {"extensions": {"queues": "many"}}])
def test_a_section_that_is_none_is_refused(tmp_path: Path, document: Any) -> None:
    """The error names the file."""
    with pytest.raises(SettingsError, match=r"host\.json.* must be a JSON object"):
        load(tmp_path, document)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--lock-s", {"lock_s": 14}),
        ("--lock-s", {"lock_s": 61}),
        ("--visibility-s", {"visibility_s": 0}),
        ("--drain-s", {"drain_s": -1}),
        ("--drain-s", {"drain_s": float("nan")}),
        ("--blob-scan-s", {"blob_scan_s": 0}),
        ("--port", {"port": 65536}),
    ],
)
def test_a_wrong_option_is_refused_with_its_name(option: str, values: dict[str, Any]) -> None:
    """The error has the option's name."""
    with pytest.raises(SettingsError, match=f"^{option} is "):
        HostOptions(**values)
