"""The page about the Azure resources agrees with the templates."""

import re

from tests.infra.deployments import deployment
from tests.infra.sources import FILES, INFRA, ROOT, parameter_names
from tests.infra.test_access import ASSIGNED

PAGE = (ROOT / "docs" / "azure-resources.md").read_text(encoding="utf-8")
WHO = {"app": "the app", "topic": "the system topic", "operator": "the operator"}


def test_every_file_and_every_alert_is_on_the_page() -> None:
    """The page names every file and every alert, and no other."""
    assert set(re.findall(r"^\| `([\w/-]+\.bicep)`", PAGE, re.MULTILINE)) == {
        path.relative_to(INFRA).as_posix() for path in FILES
    }
    made = deployment("everything")
    alerts = {
        *made.names("Microsoft.Insights/scheduledQueryRules"),
        *made.names("Microsoft.Insights/metricAlerts"),
    }
    assert set(re.findall(r"^\| `(landfall-[\w-]+)`", PAGE, re.MULTILINE)) == alerts


def test_every_role_is_on_the_page() -> None:
    """The page lists each role with its principal."""
    rows = set(re.findall(r"^\| ([\w ]+) \| ((?:Storage|Key Vault|Monitoring)[\w ]+) \|", PAGE, re.MULTILINE))
    assert rows == {(WHO[principal], role) for principal, role, _ in ASSIGNED}


def test_parameters_on_the_page_exist() -> None:
    """The table's parameters exist in main.bicep, and azd's variables in main.parameters.json."""
    table = PAGE.partition("| parameter of `main.bicep`")[2].partition("\n\n")[0]
    names = set(re.findall(r"`([a-z]\w+)`", table.replace("`routes.toml`", ""))) - {
        "incoming",
        "input",
        "webhook",
        "queue",
    }
    variables = set(re.findall(r"`(LANDFALL_[A-Z_]+)`", table))

    assert names <= parameter_names("main.bicep")
    assert variables
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    assert all(re.search(rf"\$\{{{name}[=}}]", text) for name in variables)


def test_every_parameter_is_on_the_page() -> None:
    """Those that the table leaves out are described above it or asked for by azd."""
    undescribed = [name for name in parameter_names("main.bicep") if f"`{name}`" not in PAGE]
    assert sorted(undescribed) == ["environmentName", "routesFile"]


def test_the_page_about_the_network_names_parameters_that_exist() -> None:
    """Its parameters are those of main.bicep, and its variables are handed over by azd."""
    page = (ROOT / "docs" / "private-network.md").read_text(encoding="utf-8")
    variables = set(re.findall(r"LANDFALL_[A-Z_]+", page))
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")

    assert {"vnetEnabled", "allowedAddresses", "dataAccountOpen"} <= set(re.findall(r"`(\w+)`", page))
    assert set(re.findall(r"`([a-z]+[A-Z]\w+)`", page)) <= parameter_names("main.bicep")
    assert variables
    assert all(re.search(rf"\$\{{{name}[=}}]", text) for name in variables)
