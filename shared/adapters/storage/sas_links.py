"""SAS links to single blobs: signed with the account's key, or with a key that the service lends to the app's identity.

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
from shared.ports import BlobLocation
from shared.storage_settings import STRING_SETTING, account_name

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, UserDelegationKey

READ = "r"
READ_AND_WRITE = "rcw"  # neither delete nor list
CLOCK_SKEW_S = 15 * 60  # a link is valid from so long before now: the other side's clock may be behind
LENT_KEY_S = 7 * 86400  # the longest life of a user delegation key, which no link that it signs can outlive
LONGEST_LENT_S = LENT_KEY_S - CLOCK_SKEW_S  # from now, of a link that is signed under an identity


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Links:
    """Makes links to the blobs of one account. A key that is lent stays in memory until a link would outlive it."""

    def __init__(self, service: "BlobServiceClient", now: Callable[[], datetime] = _utc_now) -> None:
        self._service = service
        self._now = now
        self._lent: UserDelegationKey | None = None
        self._lent_from = self._lent_until = datetime.min.replace(tzinfo=UTC)
        self._asking = threading.Lock()

    @property
    def base(self) -> str:
        """The account's URL, ending with a slash; without a query."""
        return self._service.url.partition("?")[0].rstrip("/") + "/"

    def make(self, path: str, permission: str, valid_s: int) -> BlobLocation:
        """Make a location of the one blob at `container/path`, valid for `valid_s` seconds from now.

        The three parts are made for plain concatenation (protocol 1.6), so the relative one is percent-encoded.

        Raises:
            ConfigError: there is nothing to sign with, or an identity cannot sign for so long.
            LandfallError: the service does not lend a key now.
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
            lent, earliest = self._lent_key(now, expiry)
            return account_name(self.base), {"user_delegation_key": lent}, earliest
        key = getattr(credential, "account_key", None)
        if not key:
            raise ConfigError(
                [f"the connection string in {STRING_SETTING} needs an AccountKey: links are signed with it"]
            )
        return str(credential.account_name), {"account_key": key}, datetime.min.replace(tzinfo=UTC)

    def _lent_key(self, now: datetime, expiry: datetime) -> "tuple[UserDelegationKey, datetime]":
        """Return a key that outlives a link which ends at `expiry`, and since when it is good."""
        if expiry - now > timedelta(seconds=LONGEST_LENT_S):
            raise ConfigError([f"an identity signs links for {LONGEST_LENT_S} s at most: shorten deadlines_s"])
        with self._asking:  # of a tick's threads one asks, the others wait for its answer
            if self._lent is None or expiry > self._lent_until:
                start = now - timedelta(seconds=CLOCK_SKEW_S)
                until = start + timedelta(seconds=LENT_KEY_S)
                with storage_errors("get a user delegation key", self.base):
                    lent = self._service.get_user_delegation_key(start, until)
                hold([str(lent.value)])
                self._lent, self._lent_from, self._lent_until = lent, start, until
            return self._lent, self._lent_from
