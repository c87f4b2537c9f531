"""Reads one `[routes.NAME]` of `routes.toml` into a Route."""

import re
from urllib.parse import SplitResult, urlsplit

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import measured_metrics, metric_key
from shared.gates.policy import NoChampion, Policy
from shared.routes.file_patterns import FilePattern
from shared.routes.holdout_reader import read_holdout_table
from shared.routes.host_allowlist import LOOPBACK
from shared.routes.policy_reader import read_policy
from shared.routes.route import Deadlines, Endpoint, EndpointRole, PurposeHosts, Route, Training
from shared.routes.toml_reader import Table

_ROUTE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ENDPOINT_NAME = re.compile(r"[a-z0-9]{1,24}")  # protocol 3.2


class RouteReader:
    """Reads one route; what is wrong goes to the table's problems."""

    def __init__(self, name: str, table: Table) -> None:
        self._name = name
        self._table = table

    def read(self) -> Route | None:
        """Return the route, or None if its files are not usable even for comparing with other routes."""
        table = self._table
        if not _ROUTE_NAME.fullmatch(self._name):
            table.problem("", "is not a name for a route: lower-case letters, digits and -, at most 63 characters")
        files = self._files()
        initial_model = self._table.blob_path("initial_model", ".ilearner")
        golden = self._table.blob_path("golden", ".csv")
        golden_tolerance = table.number("golden_tolerance") or 0.0
        if not 0 <= golden_tolerance < 1:
            table.problem("golden_tolerance", f"must be at least 0 and less than 1, not {golden_tolerance:g}")
        needs_approval = table.choice("approval", ["none", "required"], required=False) == "required"
        classes_may_change = table.choice("classes", ["must-stay", "may-change"], required=False) == "may-change"
        bake_s = table.integer("bake_s", 0)
        deadlines = self._deadlines()
        if bake_s >= deadlines.running:
            table.problem(
                "bake_s", f"must be less than deadlines_s.running = {deadlines.running}: the next run waits for it"
            )
        attempts = table.integer("attempts", Route.attempts, least=1)
        policy = read_policy(table)
        holdout = self._holdout(policy)
        hosts = self._hosts()
        training = self._training()
        endpoints = self._endpoints()
        if holdout is not None and endpoints and all(one.role is not EndpointRole.STAGING for one in endpoints):
            table.problem("holdout", "needs an endpoint with role 'staging', which scores the challenger")
        table.finish()
        if files is None or training is None:
            return None
        return Route(
            name=self._name,
            files=files,
            policy=policy,
            initial_model=initial_model,
            golden=golden,
            golden_tolerance=golden_tolerance,
            bake_s=bake_s,
            holdout=holdout,
            classes_may_change=classes_may_change,
            needs_approval=needs_approval,
            training=training,
            endpoints=endpoints,
            hosts=hosts,
            deadlines=deadlines,
            attempts=attempts,
        )

    def _files(self) -> str | None:
        files = self._table.text("files")
        if not files:
            return None
        try:
            FilePattern(files)
        except ValueError as error:
            self._table.problem("files", f"{files!r}: {error}")
            return None
        return files

    def _deadlines(self) -> Deadlines:
        table = self._table.table("deadlines_s", required=False)
        usual = Deadlines()
        if table is None:
            return usual
        read = Deadlines(
            not_started=table.integer("not_started", usual.not_started, least=1),
            running=table.integer("running", usual.running, least=1),
            held=table.integer("held", usual.held, least=1),
            promoting=table.integer("promoting", usual.promoting, least=1),
        )
        table.finish()
        return read

    def _hosts(self) -> PurposeHosts:
        table = self._table.table("allow_hosts", required=False)
        if table is None:
            return PurposeHosts()
        lists = {name: tuple(table.texts(name)) for name in ("training", "endpoints", "outputs") if table.has(name)}
        table.finish()
        return PurposeHosts(**lists)

    def _holdout(self, policy: Policy) -> Holdout | None:
        table = self._table.table("holdout", required=False)
        if table is None:
            for key, asked in (
                ("bootstrap", policy.bootstrap is not None),
                ("no_champion", policy.no_champion is NoChampion.COMPARE),
            ):
                if asked:
                    self._table.problem(key, "needs a [holdout]: only what both models scored can be compared that way")
            return None
        read = read_holdout_table(table)
        measured = {metric_key(name) for name in measured_metrics(read.task)}
        for number, gate in enumerate(policy.gates, start=1):
            if gate.metric and metric_key(gate.metric) not in measured:
                names = ", ".join(measured_metrics(read.task))
                self._table.problem(
                    f"gates[{number}].metric",
                    f"{gate.metric!r} is not measured on a {read.task.value} holdout: {names}",
                )
        return read

    def _training(self) -> Training | None:
        table = self._table.table("training")
        if table is None:
            return None
        jobs_url = table.text("jobs_url")
        if jobs_url and _web_url(table, "jobs_url", jobs_url) and not _path(jobs_url).endswith("/jobs"):
            table.problem("jobs_url", "must end in /jobs: it is the Batch Execution URL, not the Request-Response one")
        api_key, setting = table.secret("api_key")
        training = Training(
            jobs_url=_without_query(jobs_url),
            api_key=api_key,
            api_key_setting=setting,
            input=table.text("input"),
            model_output=table.text("model_output"),
            evaluation_output=table.text("evaluation_output"),
            evaluation_row=table.integer("evaluation_row", 0),
            global_parameters=table.parameters("global_parameters"),
            **_second_key(table),
        )
        table.finish()
        return training

    def _endpoints(self) -> tuple[Endpoint, ...]:
        endpoints = tuple(self._endpoint(table) for table in self._table.tables("endpoints"))
        for role, most in ((EndpointRole.SERVE, "exactly one"), (EndpointRole.STAGING, "at most one")):
            count = sum(endpoint.role is role for endpoint in endpoints)
            if endpoints and (count > 1 or (count == 0 and role is EndpointRole.SERVE)):
                self._table.problem("endpoints", f"has {count} with role {role.value!r}; {most} is needed")
        names = [endpoint.name for endpoint in endpoints]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._table.problem("endpoints", f"has the name {name!r} more than once")
        return endpoints

    def _endpoint(self, table: Table) -> Endpoint:
        name = table.text("name")
        if name and not _ENDPOINT_NAME.fullmatch(name):
            table.problem("name", f"{name!r} must be lower-case letters and digits, at most 24")
        role = table.choice("role", [choice.value for choice in EndpointRole])
        patch_url = table.text("patch_url")
        if patch_url and _web_url(table, "patch_url", patch_url):
            _check_patch_url(table, patch_url)
        execute_url = table.text("execute_url")
        if execute_url and _web_url(table, "execute_url", execute_url) and not _path(execute_url).endswith("/execute"):
            table.problem("execute_url", "must end in /execute: it is the Request-Response URL")
        api_key, setting = table.secret("api_key")
        endpoint = Endpoint(
            name=name,
            role=EndpointRole(role or EndpointRole.STAGING),
            patch_url=_without_query(patch_url),
            execute_url=_without_query(execute_url),
            api_key=api_key,
            api_key_setting=setting,
            resource=table.text("resource"),
            input=table.text("input", default="input1"),
            propagation_s=table.integer("propagation_s", 30),
            **_second_key(table),
        )
        table.finish()
        return endpoint


def _second_key(table: Table) -> dict[str, str]:
    """Read the key that is tried when the first one is refused: it may be left out."""
    value, setting = table.secret("api_key_secondary", required=False)
    return {"api_key_secondary": value, "api_key_secondary_setting": setting}


def _check_patch_url(table: Table, url: str) -> None:
    """Refuse what could never be PATCHed (protocol 3.3 and 6): the default endpoint, or no endpoint at all."""
    found = re.search(r"/webservices/[^/]+/endpoints/([^/]+)$", _path(url))
    if found is None:
        table.problem("patch_url", "must end in /webservices/{id}/endpoints/{name}: the URL of the added endpoint")
    elif found[1].casefold() == "default":
        table.problem(
            "patch_url",
            "names the default endpoint, which cannot be updated: add an endpoint to the predictive web service"
            " and use that one's PATCH URL",
        )


def _web_url(table: Table, name: str, url: str) -> bool:
    """Tell whether this is an http(s) URL with a host; plain http is for this machine only."""
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        table.problem(name, f"must be an https URL, not {url.partition('?')[0]!r}")
        return False
    if parts.username or parts.password:
        table.problem(name, "must not hold a user name or password")
        return False
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        table.problem(name, f"must use https: plain http is for this machine only, not {parts.hostname}")
        return False
    return True


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number shows only here
    except ValueError:
        return None
    return parts


def _path(url: str) -> str:
    parts = _split(url)
    return parts.path.rstrip("/") if parts else ""


def _without_query(url: str) -> str:
    """Drop the query and a last slash: configured URLs come with and without `?api-version=2.0` (protocol 1.1)."""
    return url.partition("?")[0].rstrip("/")
