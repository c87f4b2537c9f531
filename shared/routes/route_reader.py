"""Reads one `[routes.NAME]` of `routes.toml` into a Route."""

import re

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import measured_metrics, metric_key
from shared.gates.policy import NoChampion, Policy
from shared.intake.settings import BatchSettings, DriftSettings, IntakeSettings, TrainingSetKind
from shared.routes.batch_reader import read_batch, read_drift
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.file_patterns import FilePattern
from shared.routes.holdout_reader import read_holdout_table
from shared.routes.intake_reader import read_intake
from shared.routes.policy_reader import read_policy
from shared.routes.route import Deadlines, Endpoint, EndpointRole, PurposeHosts, Route, Training
from shared.routes.service_keys import AZUREML, AZUREML_ENDPOINT_KEYS, AZUREML_TRAINING_KEYS, SERVICES
from shared.routes.service_urls import read_execute_url, read_jobs_url, read_patch_url
from shared.routes.toml_reader import TomlTable

_ROUTE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ENDPOINT_NAME = re.compile(r"[a-z0-9]{1,24}")  # protocol 3.2


class RouteReader:
    """Reads one route; every problem goes to the table."""

    def __init__(self, name: str, table: TomlTable) -> None:
        self._name = name
        self._table = table

    def read(self) -> Route | None:
        """Return the route; None if `files` or `training` is unusable, so that it cannot be compared with others."""
        table = self._table
        if not _ROUTE_NAME.fullmatch(self._name):
            table.problem("", "is no route name", "Use lower-case letters, digits and hyphens, at most 63 characters")
        files = self._files()
        training = self._training()
        endpoints = self._endpoints(training)
        initial_model = self._initial_model(training, endpoints)
        golden = self._table.blob_path("golden", ".csv")
        golden_tolerance = table.number("golden_tolerance") or 0.0
        if not 0 <= golden_tolerance < 1:
            table.problem("golden_tolerance", f"must be at least 0 and less than 1, not {golden_tolerance:g}")
        needs_approval = table.choice("approval", ["none", "required"], required=False) == "required"
        classes_may_change = table.choice("classes", ["must-stay", "may-change"], required=False) == "may-change"
        bake_s = table.integer("bake_s", 0)
        deadlines = self._deadlines(endpoints)
        if bake_s >= deadlines.running:
            table.problem(
                "bake_s",
                f"must be less than deadlines_s.running = {deadlines.running}: the next run waits while a model bakes",
            )
        self._check_running(deadlines.running, training, endpoints)
        attempts = table.integer("attempts", Route.attempts, minimum=1)
        policy = read_policy(table)
        holdout = self._holdout(policy)
        hosts = self._hosts()
        archives = table.choice("after", ["keep", "archive"], required=False) == "archive"
        batch = self._batch()
        intake = self._intake(batch, holdout)
        drift = self._drift(intake)
        if (
            holdout is not None
            and endpoints
            and all(endpoint.role is not EndpointRole.STAGING and endpoint.staging is None for endpoint in endpoints)
        ):
            table.problem("holdout", "needs an endpoint with role 'staging', which scores the challenger", "Add it")
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
            intake=intake,
            batch=batch,
            drift=drift,
            archives=archives,
        )

    def _files(self) -> str | None:
        files = self._table.text("files", add='the pattern of its files, for example "census/*.csv"')
        if not files:
            return None
        try:
            FilePattern(files)
        except ValueError as error:
            self._table.problem("files", f"is {files!r}, which is no file pattern", str(error))
            return None
        return files

    def _initial_model(self, training: Training | None, endpoints: tuple[Endpoint, ...]) -> str:
        """Return what serves before the first promotion: the model at a path, or a deployment by its name."""
        if training is None or training.service != AZUREML:
            return self._table.blob_path("initial_model", ".ilearner")
        self._table.of_another_service(["initial_model"], SERVICES[0])  # `initial_deployment` takes its place
        return next((endpoint.initial for endpoint in endpoints if endpoint.initial), "")

    def _check_running(self, running_s: int, training: Training | None, endpoints: tuple[Endpoint, ...]) -> None:
        """Check that `deadlines_s.running` holds what the services may take of it."""
        if training is not None and training.ended_after_s > running_s:
            self._table.problem(
                "training.timeout_s",
                f"is {training.ended_after_s}, more than deadlines_s.running = {running_s}: the run would give its job"
                " up while that may still run",
            )
        for number, endpoint in enumerate(endpoints):
            if endpoint.watched_s >= running_s:
                self._table.problem(
                    f"endpoints[{number}].watch_s",
                    f"must be less than deadlines_s.running = {running_s}: the next run waits while a model is watched",
                )

    def _deadlines(self, endpoints: tuple[Endpoint, ...]) -> Deadlines:
        table = self._table.table("deadlines_s", required=False)
        least_s, usual_s = max((endpoint.promoting_s for endpoint in endpoints), default=(0, 0))
        usual = Deadlines(promoting=usual_s) if usual_s else Deadlines()
        if table is None:
            return usual
        deadlines = Deadlines(
            not_started=table.integer("not_started", usual.not_started, minimum=1),
            running=table.integer("running", usual.running, minimum=1),
            held=table.integer("held", usual.held, minimum=1),
            promoting=table.integer("promoting", usual.promoting, minimum=1),
        )
        if deadlines.promoting < least_s:
            table.problem(
                "promoting",
                f"is {deadlines.promoting}, and must hold the endpoint's deploying_s + traffic_s + watch_s = {least_s}",
            )
        table.finish()
        return deadlines

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
            for key, needs_holdout in (
                ("bootstrap", policy.bootstrap is not None),
                ("no_champion", policy.no_champion is NoChampion.COMPARE),
            ):
                if needs_holdout:
                    self._table.problem(
                        key, "needs a [holdout]: only models that scored the same rows can be compared that way"
                    )
            return None
        holdout = read_holdout_table(table)
        measured = {metric_key(name) for name in measured_metrics(holdout.task)}
        for number, gate in enumerate(policy.gates):
            if gate.metric and metric_key(gate.metric) not in measured:
                self._table.problem(
                    f"gates[{number}].metric",
                    f"is {gate.metric!r}, which is not measured on a {holdout.task.value} holdout",
                    f"Use one of {', '.join(measured_metrics(holdout.task))}",
                )
        return holdout

    def _batch(self) -> BatchSettings | None:
        table = self._table.table("batch", required=False)
        return None if table is None else read_batch(table)

    def _intake(self, batch: BatchSettings | None, holdout: Holdout | None) -> IntakeSettings | None:
        """Read `[intake]`; files that are joined to training sets are read without it too, with its defaults."""
        joins_files = batch is not None and batch.training_set is not TrainingSetKind.FILE
        table = self._table.table("intake", required=False)
        if table is not None:
            return read_intake(table, holdout, joins_files=joins_files)
        if not joins_files:
            return None
        return IntakeSettings(label=holdout.label if holdout is not None else None)

    def _drift(self, intake: IntakeSettings | None) -> DriftSettings | None:
        table = self._table.table("drift", required=False)
        return None if table is None else read_drift(table, reads_files=intake is not None)

    def _training(self) -> Training | None:
        table = self._table.table("training")
        if table is None:
            return None
        if table.choice("service", SERVICES, required=False) == AZUREML:
            from shared.routes.azureml_reader import read_azureml_training  # noqa: PLC0415 - most apps do not use it

            return read_azureml_training(table)
        table.of_another_service(AZUREML_TRAINING_KEYS, AZUREML)
        jobs_url = read_jobs_url(table)
        api_key, setting = table.secret("api_key")
        training = ClassicTraining(
            jobs_url=jobs_url,
            api_key=api_key,
            api_key_setting=setting,
            input=table.text("input", add='the name of the web service input, for example "input1"'),
            model_output=table.text("model_output", add="the name of the output that holds the model"),
            evaluation_output=table.text("evaluation_output", add="the name of the output that holds the evaluation"),
            evaluation_row=table.integer("evaluation_row", 0),
            global_parameters=table.parameters("global_parameters"),
            **_second_key(table),
        )
        table.finish()
        return training

    def _endpoints(self, training: Training | None) -> tuple[Endpoint, ...]:
        endpoints = tuple(
            self._endpoint(table, training)
            for table in self._table.tables("endpoints", add=f"[[{self._table.key}.endpoints]]")
        )
        for role, allowed in ((EndpointRole.SERVE, "exactly one"), (EndpointRole.STAGING, "at most one")):
            count = sum(endpoint.role is role for endpoint in endpoints)
            if endpoints and (count > 1 or (count == 0 and role is EndpointRole.SERVE)):
                self._table.problem("endpoints", f"must hold {allowed} with role {role.value!r}, not {count}")
        names = [endpoint.name for endpoint in endpoints]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._table.problem("endpoints", f"holds the name {name!r} more than once", "Name each endpoint otherwise")
        return endpoints

    def _endpoint(self, table: TomlTable, training: Training | None) -> Endpoint:
        name = table.text("name", add='the endpoint\'s name, for example "production"')
        if name and not _ENDPOINT_NAME.fullmatch(name):
            table.problem("name", f"must be 1 to 24 lower-case letters and digits, not {name!r}")
        role = table.choice("role", [choice.value for choice in EndpointRole])
        service = table.choice("service", SERVICES, required=False) or SERVICES[0]
        if training is not None and service != training.service:
            table.problem(
                "service",
                f"is {service!r}, and the training's is {training.service!r}",
                "Let a route use one service for both: a model of one cannot be served by the other",
            )
        elif training is not None and service == AZUREML:
            from shared.routes.azureml_reader import read_azureml_endpoint  # noqa: PLC0415 - as in `_training`

            return read_azureml_endpoint(table, name, role, training)
        table.of_another_service(AZUREML_ENDPOINT_KEYS, AZUREML)
        patch_url, execute_url = read_patch_url(table), read_execute_url(table)
        api_key, setting = table.secret("api_key")
        endpoint = ClassicEndpoint(
            name=name,
            role=EndpointRole(role or EndpointRole.STAGING),
            patch_url=patch_url,
            execute_url=execute_url,
            api_key=api_key,
            api_key_setting=setting,
            resource=table.text("resource", add="the exact name of the endpoint's updatable resource"),
            input=table.text("input", default="input1"),
            propagation_s=table.integer("propagation_s", 30),
            **_second_key(table),
        )
        table.finish()
        return endpoint


def _second_key(table: TomlTable) -> dict[str, str]:
    """Read the key that is tried when the first one is refused; it is optional."""
    value, setting = table.secret("api_key_secondary", required=False)
    return {"api_key_secondary": value, "api_key_secondary_setting": setting}
