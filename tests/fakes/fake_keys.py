"""The keys of the fake services: either of the two that a service has opens it."""

from shared.errors import KeyRefusedError, ServiceFault
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.route import Endpoint, Training


def check_keys(operation: str, url: str, sent: Training | Endpoint, published: Training | Endpoint) -> None:
    """Check that one of the sent keys opens the service.

    Raises:
        KeyRefusedError: none does.
    """
    if not set(published.secrets) & set(sent.secrets) - {""}:
        raise key_refused(operation, url, sent)


def key_refused(operation: str, url: str, sent: Training | Endpoint) -> KeyRefusedError:
    """Return the error of a refused key: it names the setting of the first, as the client does."""
    assert isinstance(sent, ClassicTraining | ClassicEndpoint)
    cause = f"the key is refused, check the setting {sent.api_key_setting}"
    return KeyRefusedError(ServiceFault(operation, url, 401, "Unauthorized", cause=cause))
