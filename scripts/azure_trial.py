"""Runs Landfall in a real subscription: creates it, has one file trained and promoted, and removes it.

The workflow azure.yml calls it. So may anybody with a subscription, `make setup`, azd and the Azure CLI (both signed
in), and Docker. It costs a few cents an hour while it stands.

    .venv/bin/python scripts/azure_trial.py prepare --work DIR   a studio with an experiment, as an image in a registry
    .venv/bin/python scripts/azure_trial.py round   --work DIR   azd up, doctor, one file to promoted, azd down
    .venv/bin/python scripts/azure_trial.py clean   --work DIR   removes whatever is left, also after a failure

Run `round` twice: the second `azd up` must recover what the first `azd down` has deleted. `--events queue` lets Event
Grid deliver to a queue in place of the webhook, so that two rounds try both. AZURE_SUBSCRIPTION_ID,
AZURE_LOCATION and AZURE_ENV_NAME say where; the environment's name must be of this trial alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from azure_commands import TrialError, az, run, setting, sign_in_again, signed_in_as, until  # noqa: E402 - the path must be set first

from landfall.sample_data.census import census_csv  # noqa: E402
from landfall.stack.publishing import golden_rows, read_toml  # noqa: E402
from landfall.stack.settings import model_settings  # noqa: E402
from shared.records.run_states import TERMINAL, RunState  # noqa: E402

EXPERIMENT = ROOT / "examples" / "census" / "experiment.toml"
ROUTES = ROOT / "routes.toml"
ROWS, SEED = 6000, 11  # of the demo: its model passes the gates of routes.toml
ACCESS_S = 900  # a role of a minute ago may not hold yet
DOCTOR_S = 900
PROMOTION_S = 1800
# The studio of the trial: its data is in the image, so that its keys are known before its address is.
DOCKERFILE = r"""FROM landfall-studio
COPY --chown=10001:10001 seed /seed
ENTRYPOINT ["sh", "-c", "cp -r /seed /data/studio && exec python -m studio serve \"$@\"", "studio"]
CMD ["--host", "0.0.0.0", "--port", "8600", "--activation-delay-s", "1"]
"""


class Trial:
    """One trial: what `prepare` made is in the work folder, the rest in Azure."""

    def __init__(self, work: Path, events: str = "webhook") -> None:
        self.events = events
        self.seed = work / "trial" / "seed"
        self.folder = work / "trial"
        self.environment = setting("AZURE_ENV_NAME")
        self.subscription = setting("AZURE_SUBSCRIPTION_ID")
        self.location = setting("AZURE_LOCATION")
        self.registry_group = f"rg-{self.environment}-registry"
        self.registry = re.sub(r"[^a-z0-9]", "", f"cr{self.environment}{self.subscription}".lower())[:50]

    @property
    def image(self) -> str:
        """The image of the studio in the registry."""
        return f"{self.registry}.azurecr.io/landfall-trial:1"

    def prepare(self) -> None:
        """Publish the experiment, and push a studio that has it. Everybody can pull the image: its data is made up."""
        self.folder.mkdir(parents=True)
        run(sys.executable, "-m", "studio", "publish", str(EXPERIMENT), "--data", str(self.seed))
        (self.folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        run("docker", "build", "--file", "studio/Dockerfile", "--tag", "landfall-studio", ".")
        run("docker", "build", "--tag", self.image, str(self.folder))
        run("az", "group", "create", "--name", self.registry_group, "--location", self.location)
        own = ["--name", self.registry, "--resource-group", self.registry_group]
        run("az", "acr", "create", *own, "--sku", "Standard")
        run("az", "acr", "update", *own, "--anonymous-pull-enabled", "true")
        run("az", "acr", "login", "--name", self.registry)
        run("docker", "push", self.image)

    def round(self) -> None:
        """Create everything, have one file promoted, and remove everything but what Azure keeps of the vault."""
        text = ROUTES.read_text(encoding="utf-8")
        try:
            self.up(text)
            sign_in_again()
            self.fill()
            until("landfall doctor --azure", DOCTOR_S, self.doctor)
            sign_in_again()
            self.promote()
        finally:
            ROUTES.write_text(text, encoding="utf-8")
        sign_in_again()
        run("azd", "down", "--force", "--no-prompt", shown=True)

    def up(self, routes: str) -> None:
        """Deploy the studio, whose address nobody knows before; then everything, with `azd up`."""
        if not (ROOT / ".azure" / self.environment).exists():
            where = ["--subscription", self.subscription, "--location", self.location]
            run("azd", "env", "new", self.environment, *where, "--no-prompt")
        self.keep("LANDFALL_STUDIO_IMAGE", self.image)
        self.keep("LANDFALL_OPERATOR_ID", signed_in_as())
        self.keep("LANDFALL_OPERATOR_TYPE", "ServicePrincipal")
        self.keep("LANDFALL_EVENT_DELIVERY", self.events)
        run("azd", "provision", "--no-prompt", shown=True)
        of_studios = ["--resource-type", "Microsoft.App/containerApps"]
        (studio,) = az("resource", "list", "--resource-group", self.value("AZURE_RESOURCE_GROUP"), *of_studios)
        properties = az("resource", "show", "--ids", studio["id"])["properties"]
        host = properties["configuration"]["ingress"]["fqdn"]
        for name, value in self.services(f"https://{host}").items():
            if name.endswith("_URL"):
                self.keep(name, value)
        ROUTES.write_text(routes.replace("allow_hosts = [", f'allow_hosts = ["{host}", ', 1), encoding="utf-8")
        run("azd", "up", "--no-prompt", shown=True)

    def services(self, base_url: str) -> dict[str, str]:
        """Return the settings of the published model: URLs below the base URL, and keys."""
        command = [sys.executable, "-m", "studio", "describe", "--data", str(self.seed), "--base-url", base_url]
        return model_settings(json.loads(run(*command))["services"])

    def fill(self) -> None:
        """Put the keys into the vault, and the route's first model and golden rows into the storage account."""
        for name, value in self.services("https://studio.invalid").items():
            if name.endswith("_KEY"):
                secret = ["--name", name.lower().replace("_", "-"), "--value", value]
                vault = ["--vault-name", self.value("AZURE_KEY_VAULT_NAME")]
                self.allowed("az", "keyvault", "secret", "set", *vault, *secret, "--output", "none")
        (model,) = (self.seed / "seeds").iterdir()
        golden = self.folder / "golden.csv"
        golden.write_text(golden_rows(EXPERIMENT, read_toml(EXPERIMENT)), encoding="utf-8")
        self.upload("models", "initial/census.ilearner", model)
        self.upload("models", "golden/census.csv", golden)
        self.read_secrets_again()

    def read_secrets_again(self) -> None:
        """Let the platform read the new secrets (docs/deploy.md, step 3): it keeps what it read for a day."""
        of_the_app = ["--resource-group", self.value("AZURE_RESOURCE_GROUP")]
        of_the_app += ["--name", self.value("AZURE_FUNCTION_APP_NAME")]
        site = az("functionapp", "show", *of_the_app)["id"]
        refresh = f"{site}/config/configreferences/appsettings/refresh?api-version=2022-03-01"
        run("az", "rest", "--method", "post", "--url", f"https://management.azure.com{refresh}")
        run("az", "functionapp", "restart", *of_the_app)

    def doctor(self) -> bool:
        """Run the doctor. Its first runs may come before the host has read the new secrets."""
        run(sys.executable, "-m", "landfall", "doctor", "--azure")
        return True

    def promote(self) -> None:
        """Upload a file, and wait until its model is promoted.

        Raises:
            TrialError: the run ended otherwise, or did not end in time.
        """
        file = self.folder / "good.csv"
        file.write_text(census_csv(ROWS, SEED), encoding="utf-8")
        self.upload(self.value("LANDFALL_INPUT"), "census/trial.csv", file)
        of_the_app = ["--name", self.value("AZURE_FUNCTION_APP_NAME")]
        group = ["--resource-group", self.value("AZURE_RESOURCE_GROUP")]
        key = az("functionapp", "keys", "list", *of_the_app, *group)["functionKeys"]["default"]
        url = f"{self.value('AZURE_FUNCTION_APP_URL').rstrip('/')}/api/runs?route=census"
        ended: list[dict[str, Any]] = []

        def look() -> bool:
            answer = requests.get(url, headers={"x-functions-key": key}, timeout=60)
            answer.raise_for_status()
            runs = answer.json()["runs"]
            print([f"{each['state']} {each['step']}" for each in runs], flush=True)
            ended[:] = [each for each in runs if each["state"] in TERMINAL]
            return bool(ended)

        until("the file's run", PROMOTION_S, look)
        if ended[0]["state"] != RunState.PROMOTED:
            raise TrialError(f"the run ended {ended[0]['state']}: {ended[0]['reason']}")

    def clean(self) -> None:
        """Remove whatever is left, with the deleted vault; what is not there is no error."""
        problems = []
        for command in (
            ["azd", "down", "--force", "--no-prompt", "--environment", self.environment],
            ["az", "group", "delete", "--yes", "--name", f"rg-{self.environment}"],
            ["az", "group", "delete", "--yes", "--name", self.registry_group],
        ):
            if command[0] == "az" and not az("group", "exists", "--name", command[-1]):
                continue
            try:
                run(*command)
            except TrialError as error:
                problems.append(str(error))
        left = [
            name for name in (f"rg-{self.environment}", self.registry_group) if az("group", "exists", "--name", name)
        ]
        if left:
            raise TrialError("\n".join([f"not removed: {', '.join(left)}", *problems]))
        for vault in az("keyvault", "list-deleted", "--resource-type", "vault"):
            if (vault["properties"].get("tags") or {}).get("azd-env-name") == self.environment:
                run("az", "keyvault", "purge", "--name", vault["name"], "--location", vault["properties"]["location"])

    def upload(self, container: str, name: str, file: Path) -> None:
        """Upload a file to the data account as whoever is signed in."""
        account = ["--auth-mode", "login", "--account-name", self.value("AZURE_STORAGE_ACCOUNT_NAME")]
        blob = ["--container-name", container, "--name", name, "--file", str(file), "--overwrite", "--output", "none"]
        self.allowed("az", "storage", "blob", "upload", *account, *blob)

    def allowed(self, *command: str) -> None:
        """Run a command that a new role permits, as often as the role needs to hold."""
        until(" ".join(command[:4]), ACCESS_S, lambda: run(*command) is not None)

    def keep(self, name: str, value: str) -> None:
        """Store a value in the azd environment."""
        run("azd", "env", "set", name, value, "--environment", self.environment)

    def value(self, name: str) -> str:
        """Return a value of the azd environment, such as an output of the deployment."""
        return run("azd", "env", "get-value", name, "--environment", self.environment)


def main() -> int:
    """Run one step; return the exit status."""
    parser = argparse.ArgumentParser(description="Runs Landfall in a real subscription.")
    parser.add_argument("step", choices=["prepare", "round", "clean"])
    parser.add_argument("--work", type=Path, required=True, help="folder of the trial; the same for every step")
    parser.add_argument("--events", choices=["webhook", "queue"], default="webhook", help="how Event Grid delivers")
    options = parser.parse_args()
    try:
        trial = Trial(options.work, options.events)
        {"prepare": trial.prepare, "round": trial.round, "clean": trial.clean}[options.step]()
    except TrialError as error:
        print(f"azure_trial: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"{options.step}: done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
