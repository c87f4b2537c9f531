"""SAS links to single blobs, signed with the account key or, under an identity, with a user delegation key.

Importing this module does not import the storage SDK, as `shared.adapters.storage.blob_files` explains.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.adapters.storage.azure_errors import storage_errors
from shared.adapters.storage.sdk_transport import malformed_connection_string
from shared.blob_path import BlobPath
from shared.errors import ConfigError
from shared.held_secrets import hold
from shared.ports.blob_location import BlobLocation
from shared.storage_settings import STRING_SETTING, account_name

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, UserDelegationKey

READ = "r"
READ_AND_WRITE = "rcw"  # neither delete nor list
CLOCK_SKEW_S = 15 * 60  # a link begins that long before now, since the clock of its reader may be behind
MAX_DELEGATION_KEY_LIFE_S = 7 * 86400  # the service's limit; no link outlives the key that signed it
MAX_IDENTITY_LINK_LIFE_S = MAX_DELEGATION_KEY_LIFE_S - CLOCK_SKEW_S  # from now on


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SasLinks:
    """Makes links to the blobs of one account; caches the user delegation key until a link would outlive it."""

    def __init__(self, service: "BlobServiceClient", now: Callable[[], datetime] = _utc_now) -> None:
        self._service = service
        self._now = now
        self._key: UserDelegationKey | None = None
        self._key_valid_from = self._key_valid_until = datetime.min.replace(tzinfo=UTC)
        self._key_lock = threading.Lock()

    @property
    def base(self) -> str:
        """The account's URL, ending with a slash; without a query."""
        return self._service.url.partition("?")[0].rstrip("/") + "/"

    def make(self, path: str, permission: str, valid_s: int) -> BlobLocation:
        """Make a location of the one blob at `container/path`, valid for `valid_s` seconds from now.

        The three parts fit by plain concatenation (protocol 1.6), so the relative one is percent-encoded.

        Raises:
            ConfigError: the connection string holds no account key, or `valid_s` is too long for an identity.
            LandfallError: the service gives no user delegation key now.
        """
        from azure.storage.blob import generate_blob_sas  # noqa: PLC0415 - see the module's docstring

        now = self._now()
        start, expiry = now - timedelta(seconds=CLOCK_SKEW_S), now + timedelta(seconds=valid_s)
        account, signing, earliest = self._signing(now, expiry)
        try:
            token = generate_blob_sas(
                account,
                *BlobPath.parse(path),
                **signing,
                permission=permission,
                start=max(start, earliest),
                expiry=expiry,
                protocol="https" if self.base.startswith("https:") else None,
            )
        except ValueError:  # the key is not base64
            raise malformed_connection_string() from None
        return BlobLocation(self.base, quote(path, safe="/~"), f"?{token}")

    def _signing(self, now: datetime, expiry: datetime) -> tuple[str, dict[str, Any], datetime]:
        """Return the account's name, the key to sign with, and the earliest moment that it can sign for."""
        credential: Any = self._service.credential
        if hasattr(credential, "get_token"):
            delegation_key, earliest = self._user_delegation_key(now, expiry)
            return account_name(self.base), {"user_delegation_key": delegation_key}, earliest
        key = getattr(credential, "account_key", None)
        if not key:
            raise ConfigError(
                [f"The connection string in {STRING_SETTING} holds no AccountKey. Add it: it signs the links to blobs."]
            )
        return str(credential.account_name), {"account_key": key}, datetime.min.replace(tzinfo=UTC)

    def _user_delegation_key(self, now: datetime, expiry: datetime) -> "tuple[UserDelegationKey, datetime]":
        """Return a key that is valid until `expiry` at least, and from when it is valid."""
        if expiry - now > timedelta(seconds=MAX_IDENTITY_LINK_LIFE_S):
            raise ConfigError(
                [f"An identity signs links for at most {MAX_IDENTITY_LINK_LIFE_S:,} s. Shorten deadlines_s."]
            )
        with self._key_lock:  # one thread of a tick requests the key, the others wait for it
            if self._key is None or expiry > self._key_valid_until:
                start = now - timedelta(seconds=CLOCK_SKEW_S)
                until = start + timedelta(seconds=MAX_DELEGATION_KEY_LIFE_S)
                with storage_errors("get a user delegation key", self.base):
                    key = self._service.get_user_delegation_key(start, until)
                hold([str(key.value)])
                self._key, self._key_valid_from, self._key_valid_until = key, start, until
            return self._key, self._key_valid_from
