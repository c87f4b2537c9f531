"""Checks that the Event Grid subscription delivers events about new files to the app: destination and filter.

Nobody else notices a wrong one: Microsoft's webhook answers 202 to an event whose URL names a function that is not
there, and drops the event. The sweep lands the file, minutes later.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from landfall.doctor.azure_cli import az, az_list
from landfall.doctor.checks import Checks
from shared.records.blob_created import COMPLETING_CALLS, EVENT_TYPE, FILE_SUFFIX

WHAT = "the event subscription"
WEBHOOK = "/runtime/webhooks/blobs"
BLOB_FUNCTION = "Host.Functions.on_csv_landed"  # the host's id of a Python function has this prefix
QUEUE = "csv-events"
API_VERSION = "2025-02-15"
_RIGHTS = "get the roles EventGrid EventSubscription Contributor and Website Contributor: its URL is not for readers"
EFFECT = "only the sweep finds new files"
_REPAIRS = {
    "EventGrid": "`azd hooks run postdeploy` deploys it",
    "EventGridQueue": "`azd provision` deploys it",
}


@dataclass(frozen=True)
class Receiver:
    """Where events should arrive.

    Attributes:
        host: of the function app.
        source, container, account: the app's `LANDFALL_BLOB_SOURCE` and `LANDFALL_INPUT`; the account with the data.
    """

    host: str
    source: str
    container: str
    account: str

    @property
    def repair(self) -> str:
        """What deploys the right subscription."""
        return _REPAIRS.get(self.source, "`azd up` deploys it")


def check_subscription(checks: Checks, group: str, receiver: Receiver, where: tuple[str, ...]) -> None:
    """Check every event subscription of a resource group; `where`: the options of `az` that name the app."""
    elsewhere, right = [], []
    for subscription in _subscriptions(group):
        reason = _leads_elsewhere(subscription, receiver)
        if reason:
            elsewhere.append(f"{subscription['name']} {reason}")
        else:
            right.append(subscription)
    if not right:
        result = "; ".join(["none leads to the app", *elsewhere])
        checks.add(WHAT, f"{result}: {EFFECT}", receiver.repair)
        return
    before, problems = len(checks.done), []
    for subscription in right:
        with checks.catching(WHAT, _RIGHTS):
            problems += [f"{subscription['name']} {problem}" for problem in _problems(subscription, receiver, where)]
    names = ", ".join(str(subscription["name"]) for subscription in right)
    if problems:
        checks.add(WHAT, f"{'; '.join(problems)}: {EFFECT}", receiver.repair)
    elif len(checks.done) == before:  # everything could be read
        checks.add(WHAT, f"{names}: {FILE_SUFFIX} files of {receiver.container}")
    for subscription in right:
        prefix, full = _prefix(subscription), _subjects_of(receiver.container)
        if prefix.startswith(full) and prefix != full:
            folder = prefix.removeprefix(full)
            checks.warn(WHAT, f"{subscription['name']} is for {folder} only: the sweep finds every other file")


def _subscriptions(group: str) -> Iterator[dict[str, Any]]:
    """Yield every event subscription of every system topic in a resource group."""
    topics = ("eventgrid", "system-topic")
    for topic in az_list(*topics, "list", "--resource-group", group):
        names = ("--resource-group", group, "--system-topic-name", str(topic["name"]))
        yield from az_list(*topics, "event-subscription", "list", *names)


def _leads_elsewhere(subscription: Mapping[str, Any], receiver: Receiver) -> str:
    """Return where a subscription leads if that is not to the app; "" if it leads there."""
    destination = _destination(subscription)
    kind = destination.get("endpointType")
    if receiver.source == "EventGridQueue":
        if kind != "StorageQueue":
            return f"leads to a {kind}, and the app reads the queue {QUEUE}"
        account = str(destination.get("resourceId")).rpartition("/")[2]
        if (account.lower(), destination.get("queueName")) != (receiver.account, QUEUE):
            queue = f"the queue {destination.get('queueName')} of {account}"
            return f"leads to {queue}, and the app reads {QUEUE} of {receiver.account}"
        return ""
    if kind != "WebHook":
        return f"leads to a {kind}, and the app has a blob trigger"
    url = urlsplit(str(destination.get("endpointBaseUrl")))
    if (url.hostname or "", url.path) != (receiver.host.lower(), WEBHOOK):
        return f"leads to {url.hostname}{url.path}, and the blob trigger is at {receiver.host}{WEBHOOK}"
    return ""


def _problems(subscription: Mapping[str, Any], receiver: Receiver, where: tuple[str, ...]) -> list[str]:
    state = subscription.get("provisioningState")
    problems = [] if state == "Succeeded" else [f"is {state}"]
    if receiver.source == "EventGridQueue":
        if not subscription.get("deliveryWithResourceIdentity"):
            problems.append("delivers without an identity, and the account accepts no keys")
    else:
        problems += _url_problems(subscription, where)
    return problems + _filter_problems(subscription, receiver.container)


def _url_problems(subscription: Mapping[str, Any], where: tuple[str, ...]) -> list[str]:
    """Return what is wrong with the function and the key in the webhook's URL; none of them quotes the key."""
    address = f"{subscription['id']}/getFullUrl?api-version={API_VERSION}"
    url = az("rest", "--method", "post", "--url", address)["endpointUrl"]
    query = parse_qs(urlsplit(str(url)).query)
    functions, keys = query.get("functionName", []), query.get("code", [])
    problems = []
    if functions != [BLOB_FUNCTION]:
        named = ", ".join(functions) or "no function"
        problems.append(f"names {named} instead of {BLOB_FUNCTION}, so its events are dropped")
    key = az("functionapp", "keys", "list", *where)["systemKeys"]["blobs_extension"]
    if not hmac.compare_digest("".join(keys).encode(), str(key).encode()):
        problems.append("has another key than the blob trigger, so its events are refused and not tried again")
    return problems


def _filter_problems(subscription: Mapping[str, Any], container: str) -> list[str]:
    chosen: Mapping[str, Any] = subscription.get("filter") or {}
    problems = []
    prefix, full = _prefix(subscription), _subjects_of(container)
    if not (full.startswith(prefix) or prefix.startswith(full)):
        problems.append(f"is for {prefix}, but LANDFALL_INPUT is {container}")
    suffix = chosen.get("subjectEndsWith") or ""
    if suffix.lower() != FILE_SUFFIX:
        problems.append(f"is for files that end in {suffix!r} instead of {FILE_SUFFIX}")
    elif chosen.get("isSubjectCaseSensitive"):
        problems.append(f"is for {suffix} in this case only")
    types = chosen.get("includedEventTypes")
    if types is not None and EVENT_TYPE not in types:
        problems.append(f"is for {', '.join(types) or 'no events'} instead of {EVENT_TYPE}")
    calls: set[str] = set()
    for condition in chosen.get("advancedFilters") or []:
        if (condition.get("key"), condition.get("operatorType")) == ("data.api", "StringIn"):
            calls |= set(condition.get("values") or [])
        else:
            problems.append(f"has one more filter, on {condition.get('key')}")
    if calls != COMPLETING_CALLS:
        named = ", ".join(sorted(calls)) or "every call"
        problems.append(f"is for {named} (data.api) instead of {', '.join(sorted(COMPLETING_CALLS))}")
    return problems


def _destination(subscription: Mapping[str, Any]) -> Mapping[str, Any]:
    delivery: Mapping[str, Any] = subscription.get("deliveryWithResourceIdentity") or subscription
    destination: Mapping[str, Any] = delivery.get("destination") or {}
    return destination


def _prefix(subscription: Mapping[str, Any]) -> str:
    return str((subscription.get("filter") or {}).get("subjectBeginsWith") or "")


def _subjects_of(container: str) -> str:
    return f"/blobServices/default/containers/{container}/blobs/"
