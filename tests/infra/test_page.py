"""The page about the Azure resources agrees with the templates."""

import re

from tests.infra.bicep import FILES, INFRA, ROOT, template
from tests.infra.test_access import ASSIGNED

PAGE = (ROOT / "docs" / "azure-resources.md").read_text(encoding="utf-8")
WHO = {"appPrincipalId": "the app", "topicPrincipalId": "the system topic", "operatorPrincipalId": "the operator"}


def test_every_file_and_every_alert_is_on_the_page() -> None:
    """The page names every file and every alert, and no other."""
    assert set(re.findall(r"^\| `([\w/-]+\.bicep)`", PAGE, re.MULTILINE)) == {
        path.relative_to(INFRA).as_posix() for path in FILES
    }
    alerts = {alert["name"] for alert in template("app/alerts.bicep").variable("logAlerts")} | {
        "landfall-dead-lettered"
    }
    assert set(re.findall(r"^\| `(landfall-[\w-]+)`", PAGE, re.MULTILINE)) == alerts


def test_every_role_is_on_the_page() -> None:
    """The page lists each role with its principal."""
    rows = set(re.findall(r"^\| ([\w ]+) \| ((?:Storage|Key Vault|Monitoring)[\w ]+) \|", PAGE, re.MULTILINE))
    assert rows == {(WHO[principal], role) for principal, role, _ in ASSIGNED}


def test_parameters_on_the_page_exist() -> None:
    """The table's parameters exist in main.bicep, and azd's variables in main.parameters.json."""
    table = PAGE.partition("| parameter of `main.bicep`")[2].partition("\n\n")[0]
    names = set(re.findall(r"`([a-z]\w+)`", table.replace("`routes.toml`", ""))) - {"incoming", "input"}
    variables = set(re.findall(r"`(LANDFALL_[A-Z_]+)`", table))

    assert names <= set(template("main.bicep").part("parameters"))
    assert variables
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    assert all(re.search(rf"\$\{{{name}[=}}]", text) for name in variables)
