"""The text of an error: the cause first, the URL last."""

import pytest

from shared.errors import KeyRefusedError, NotFoundError, PermanentError, RejectedError, ServiceFault, text_with

URL = "https://ussouthcentral.services.azureml.net/subscriptions/" + "0" * 32 + "/services/" + "1" * 32 + "/jobs"


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (
            ServiceFault("submit job", URL, 400, "BadRequestArgument", "A parameter is wrong.", (("Bad", "epochs."),)),
            f"Bad: epochs; A parameter is wrong; submit job answered 400 BadRequestArgument at {URL}",
        ),
        (ServiceFault("submit job", URL, 503), f"submit job answered 503 at {URL}"),
        (ServiceFault("submit job", URL, 0, "", "no answer in time"), f"no answer in time; submit job at {URL}"),
        (ServiceFault("submit job", URL), f"submit job at {URL}"),
    ],
)
def test_the_cause_comes_first_and_the_url_last(fault: ServiceFault, text: str) -> None:
    """A person who reads the first 60 characters knows why."""
    assert str(fault) == str(RejectedError(fault)) == text
    assert KeyRefusedError(fault).problems == [text]


def test_what_is_added_stands_before_the_url() -> None:
    """So does the app's own explanation; an error without a URL has the note at its end."""
    fault = ServiceFault("PATCH endpoint", URL, 404, "NotFound", "No.")
    assert text_with(NotFoundError(fault), "nothing was sent") == (
        f"No; nothing was sent; PATCH endpoint answered 404 NotFound at {URL}"
    )
    assert str(fault.because("there is no such resource")).startswith("there is no such resource; No; PATCH endpoint ")
    assert text_with(PermanentError("no"), "nothing was sent") == "no; nothing was sent"
