"""`host.json`, where an app setting `AzureFunctionsJobHost__section__name` wins over the file, as in Azure."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landfall.host.settings import SettingsError
from landfall.host.singleton import MAX_LEASE_S, MIN_LEASE_S
from landfall.settings_file import SettingsFileError, read_json

OVERRIDE = "AzureFunctionsJobHost__"
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)")  # .NET reads more hours than that as days
_UNLIMITED = 100_000


@dataclass(frozen=True)
class HostJson:
    """The values of `host.json` that this host uses; defaults are those of the storage extension 5.x."""

    function_timeout_s: int = 1800
    queue_batch: int = 16
    queue_threshold: int = 8
    queue_max_dequeue: int = 5
    queue_visibility_s: int = 0  # how long a failed message stays hidden; not the lock
    queue_base64: bool = True
    blob_concurrency: int = 8
    blob_poison_threshold: int = 5
    lock_s: int = 60  # duration of a singleton's lease
    lock_retry_s: int | None = None  # how often other hosts ask for the lease; None for once in its duration

    @classmethod
    def load(cls, app_folder: Path, environ: Mapping[str, str] = os.environ) -> "HostJson":
        """Read the app's `host.json`, and the app settings that win over it.

        Raises:
            SettingsError: it is missing or malformed; the text names the file or the setting.
        """
        values = _Values(app_folder / "host.json", environ)
        queues, blobs = ("extensions", "queues"), ("extensions", "blobs")
        batch = values.number((*queues, "batchSize"), cls.queue_batch, 1, 32)
        recovery = "listenerLockRecoveryPollingInterval"
        return cls(
            function_timeout_s=values.seconds(("functionTimeout",), cls.function_timeout_s, 1),
            queue_batch=batch,
            queue_threshold=values.number((*queues, "newBatchThreshold"), batch // 2),
            queue_max_dequeue=values.number((*queues, "maxDequeueCount"), cls.queue_max_dequeue, 1),
            queue_visibility_s=values.seconds((*queues, "visibilityTimeout"), cls.queue_visibility_s),
            queue_base64=values.word((*queues, "messageEncoding"), ("base64", "none")) == "base64",
            blob_concurrency=values.number((*blobs, "maxDegreeOfParallelism"), cls.blob_concurrency, 1),
            blob_poison_threshold=values.number((*blobs, "poisonBlobThreshold"), cls.blob_poison_threshold, 1),
            lock_s=values.seconds(("singleton", "listenerLockPeriod"), cls.lock_s, MIN_LEASE_S, MAX_LEASE_S),
            lock_retry_s=values.seconds(("singleton", recovery), 0) or None,
        )


class _Values:
    """Looks up values by the path of their keys; every error names the file or setting and the key."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        try:
            document = read_json(path)
        except SettingsFileError as error:
            raise SettingsError(str(error)) from error
        self._path = path
        self._document: Any = document
        # .NET, which reads these settings in Azure, ignores the case of their names.
        self._overrides = {
            name.lower(): (name, value) for name, value in environ.items() if name.lower().startswith(OVERRIDE.lower())
        }

    def number(self, keys: tuple[str, ...], default: int, minimum: int = 0, maximum: int = _UNLIMITED) -> int:
        """Return a whole number."""
        where, value = self._find(keys)
        if value is None:
            return default
        if not re.fullmatch(r"\d{1,9}", str(value)) or not minimum <= int(value) <= maximum:
            raise SettingsError(f"{where} is {value!r}: use a whole number from {minimum} to {maximum}")
        return int(value)

    def seconds(self, keys: tuple[str, ...], default: int, minimum_s: int = 0, maximum_s: int = _UNLIMITED) -> int:
        """Return the seconds of a .NET time span, `hh:mm:ss`."""
        where, value = self._find(keys)
        if value is None:
            return default
        span = _SPAN.fullmatch(str(value))
        total_s = int(span[1]) * 3600 + int(span[2]) * 60 + int(span[3]) if span else -1
        if not minimum_s <= total_s <= maximum_s:
            limits = f" of {minimum_s} s or more" if minimum_s else ""
            if maximum_s < _UNLIMITED:
                limits = f" of {minimum_s} to {maximum_s} s"
            raise SettingsError(f"{where} is {value!r}: use a time hh:mm:ss{limits}")
        return total_s

    def word(self, keys: tuple[str, ...], allowed: tuple[str, ...]) -> str:
        """Return one of the allowed words, the first by default."""
        where, value = self._find(keys)
        text = allowed[0] if value is None else str(value).lower()
        if text not in allowed:
            raise SettingsError(f"{where} is {value!r}: use one of {', '.join(allowed)}")
        return text

    def _find(self, keys: tuple[str, ...]) -> tuple[str, Any]:
        """Return the place of a value, and the value or None."""
        name = (OVERRIDE + "__".join(keys)).lower()
        if name in self._overrides:
            return self._overrides[name]
        value, where = self._document, str(self._path)
        for depth, key in enumerate(keys, 1):
            if not isinstance(value, dict):
                raise SettingsError(f"{where} must be a JSON object")
            value, where = value.get(key), f"{self._path}: {'.'.join(keys[:depth])}"
            if value is None:
                break
        return where, value
