"""App settings and `host.json`, as the Functions host reads them."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SettingsError(Exception):
    """A settings file or `host.json` cannot be used; the text says where and why."""


def load_settings(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the app settings: those of a file like `local.settings.json`, where the environment wins.

    Raises:
        SettingsError: the file is missing, is not JSON, or its `Values` are not all strings.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8")).get("Values", {})
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise SettingsError(f"{path}: these Values must be strings: {', '.join(wrong)}")
    return {**values, **environ}


def resolve(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Replace every `%NAME%` by the app setting NAME.

    Raises:
        SettingsError: a setting is not set.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in environ:
            raise SettingsError(f"{text!r} needs the app setting {found[1]}, which is not set")
        return environ[found[1]]

    return re.sub(r"%([^%]+)%", value, text)


@dataclass(frozen=True)
class HostJson:
    """What this host uses of `host.json`; defaults are those of the storage extension 5.x."""

    function_timeout_s: float = 1800
    queue_batch: int = 16
    queue_threshold: int = 8
    queue_max_dequeue: int = 5
    queue_visibility_s: float = 0  # how long a failed message stays hidden; not the lock
    queue_base64: bool = True
    blob_at_once: int = 8
    blob_poison_threshold: int = 5

    @classmethod
    def load(cls, app_folder: Path) -> "HostJson":
        """Read the app's `host.json`.

        Raises:
            SettingsError: it is missing or malformed.
        """
        path = app_folder / "host.json"
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            extensions = document.get("extensions", {})
            queues, blobs = extensions.get("queues", {}), extensions.get("blobs", {})
            batch = int(queues.get("batchSize", cls.queue_batch))
            return cls(
                function_timeout_s=_seconds(document.get("functionTimeout"), cls.function_timeout_s),
                queue_batch=batch,
                queue_threshold=int(queues.get("newBatchThreshold", batch // 2)),
                queue_max_dequeue=int(queues.get("maxDequeueCount", cls.queue_max_dequeue)),
                queue_visibility_s=_seconds(queues.get("visibilityTimeout"), cls.queue_visibility_s),
                queue_base64=str(queues.get("messageEncoding", "base64")).lower() == "base64",
                blob_at_once=int(blobs.get("maxDegreeOfParallelism", cls.blob_at_once)),
                blob_poison_threshold=int(blobs.get("poisonBlobThreshold", cls.blob_poison_threshold)),
            )
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise SettingsError(f"{path}: {error}") from error


def _seconds(text: str | None, default: float) -> float:
    """Read a .NET time span, `hh:mm:ss`."""
    if text is None:
        return default
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
