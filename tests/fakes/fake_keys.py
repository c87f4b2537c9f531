"""The keys of the fake services: either of the two that a service has opens it."""

from shared.errors import KeyRefusedError, ServiceFault
from shared.routes.route import Endpoint, Training


def check_keys(operation: str, url: str, sent: Training | Endpoint, published: Training | Endpoint) -> None:
    """Check that one of the sent keys opens the service.

    Raises:
        KeyRefusedError: none does.
    """
    keys = {published.api_key, published.api_key_secondary} - {""}
    if not keys & {sent.api_key, sent.api_key_secondary}:
        raise key_refused(operation, url, sent)


def key_refused(operation: str, url: str, sent: Training | Endpoint) -> KeyRefusedError:
    """Return the error of a refused key: it names the setting of the first, as the client does."""
    cause = f"the key is refused, check the setting {sent.api_key_setting}"
    return KeyRefusedError(ServiceFault(operation, url, 401, "Unauthorized", cause=cause))
