"""`host.json`, where an app setting `AzureFunctionsJobHost__section__name` wins over the file, as in Azure."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landfall.host.settings import SettingsError
from landfall.host.singleton import LEAST_S, MOST_S
from landfall.settings_file import SettingsFileError, read_json

OVERRIDE = "AzureFunctionsJobHost__"
_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)")  # .NET reads more hours than that as days
_MANY = 100_000


@dataclass(frozen=True)
class HostJson:
    """What this host uses of `host.json`; defaults are those of the storage extension 5.x."""

    function_timeout_s: int = 1800
    queue_batch: int = 16
    queue_threshold: int = 8
    queue_max_dequeue: int = 5
    queue_visibility_s: int = 0  # how long a failed message stays hidden; not the lock
    queue_base64: bool = True
    blob_at_once: int = 8
    blob_poison_threshold: int = 5
    lock_s: int = 60  # the lease of what one of several hosts does alone
    lock_retry_s: int | None = None  # how often the others ask for it; None: once a lease

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
            blob_at_once=values.number((*blobs, "maxDegreeOfParallelism"), cls.blob_at_once, 1),
            blob_poison_threshold=values.number((*blobs, "poisonBlobThreshold"), cls.blob_poison_threshold, 1),
            lock_s=values.seconds(("singleton", "listenerLockPeriod"), cls.lock_s, LEAST_S, MOST_S),
            lock_retry_s=values.seconds(("singleton", recovery), 0) or None,
        )


class _Values:
    """Looks values up by the path of their keys; every error says where the value stands."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        try:
            document = read_json(path)
        except SettingsFileError as error:
            raise SettingsError(str(error)) from error
        self._path = path
        self._document: Any = document
        # .NET, which reads these settings in Azure, does not tell small letters from capitals in them.
        self._overrides = {
            name.lower(): (name, value) for name, value in environ.items() if name.lower().startswith(OVERRIDE.lower())
        }

    def number(self, keys: tuple[str, ...], default: int, least: int = 0, most: int = _MANY) -> int:
        """Return a whole number."""
        where, value = self._find(keys)
        if value is None:
            return default
        if not re.fullmatch(r"\d{1,9}", str(value)) or not least <= int(value) <= most:
            raise SettingsError(f"{where} is {value!r}: a whole number from {least} to {most} is needed")
        return int(value)

    def seconds(self, keys: tuple[str, ...], default: int, least_s: int = 0, most_s: int = _MANY) -> int:
        """Return the seconds of a .NET time span, `hh:mm:ss`."""
        where, value = self._find(keys)
        if value is None:
            return default
        found = _SPAN.fullmatch(str(value))
        total_s = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) if found else -1
        if not least_s <= total_s <= most_s:
            limits = f" of {least_s} to {most_s} s" if most_s < _MANY else f" of {least_s} s or more" if least_s else ""
            raise SettingsError(f"{where} is {value!r}: a time hh:mm:ss{limits} is needed")
        return total_s

    def word(self, keys: tuple[str, ...], known: tuple[str, ...]) -> str:
        """Return one of the words that are known, the first by default."""
        where, value = self._find(keys)
        text = known[0] if value is None else str(value).lower()
        if text not in known:
            raise SettingsError(f"{where} is {value!r}: one of {', '.join(known)} is needed")
        return text

    def _find(self, keys: tuple[str, ...]) -> tuple[str, Any]:
        """Return where a value stands and the value, None if there is none."""
        name = (OVERRIDE + "__".join(keys)).lower()
        if name in self._overrides:
            return self._overrides[name]
        found, where = self._document, str(self._path)
        for key in keys:
            if not isinstance(found, dict):
                raise SettingsError(f"{where} must be an object")
            found, where = found.get(key), f"{self._path}: {'.'.join(keys[: keys.index(key) + 1])}"
            if found is None:
                break
        return where, found
