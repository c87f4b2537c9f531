"""What `make checkov` makes of findings: each is mended or has a reason at its line, and each reason has a finding."""

import json

import pytest

from tests.infra.checkov import MENDED, Finding, problems, skipped, template
from tests.infra.deployments import deployment, deployment_names
from tests.infra.sources import FILES, name_of

SITE = "Microsoft.Web/sites"
FINDING = Finding("CKV_AZURE_17", SITE, "smallest", "Ensure client certificates")
BICEP = """\
resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225: zoneRedundant turns it on
  name: planName
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  properties: {
    // checkov:skip=CKV_AZURE_17: callers have a key
  }
}
// checkov:skip=CKV_AZURE_1: of no resource
"""


def test_a_comment_is_for_the_resource_around_it() -> None:
    """Its type is that of the block; a comment elsewhere silences nothing."""
    assert skipped([("x.bicep", BICEP)]) == {
        ("CKV_AZURE_225", "Microsoft.Web/serverfarms"): "zoneRedundant turns it on",
        ("CKV_AZURE_17", SITE): "callers have a key",
        ("CKV_AZURE_1", ""): "of no resource",
    }


def test_a_finding_needs_a_reason_and_a_reason_a_finding() -> None:
    """A reason for another type of resource is none."""
    assert problems([FINDING], {("CKV_AZURE_17", SITE): "x"}) == []
    (text,) = problems([FINDING], {})
    assert text.startswith(
        "smallest: Microsoft.Web/sites: CKV_AZURE_17 Ensure client certificates. Mend it, or silence"
    )
    assert len(problems([FINDING], {("CKV_AZURE_17", "Microsoft.Web/serverfarms"): "x"})) == 2
    assert problems([], {("CKV_AZURE_1", ""): "x"}) == [
        ": CKV_AZURE_1 is silenced, and is no finding. Remove the comment."
    ]


def test_the_options_that_mend_have_snapshots() -> None:
    """The private network with redundancy is one of them, or Checkov would never see it."""
    assert set(MENDED) <= set(deployment_names())


@pytest.mark.parametrize("check", MENDED["private-network"])
def test_the_private_network_leaves_none_of_its_findings(check: str) -> None:
    """What the option mends may be silenced elsewhere, never where the option is on."""
    finding = Finding(check, "Microsoft.KeyVault/vaults", "private-network", "Ensure it")
    (text,) = problems([finding], {(check, "Microsoft.KeyVault/vaults"): "x"})
    assert "It must pass here" in text


def test_the_comments_of_the_templates_have_reasons() -> None:
    """Each names a check and says why it does not apply."""
    reasons = skipped((name_of(file), file.read_text(encoding="utf-8")) for file in FILES)
    written = sum(file.read_text(encoding="utf-8").count("checkov:skip") for file in FILES)
    assert len(reasons) == written > 0
    assert all(type_ for _, type_ in reasons)


def test_a_template_has_every_resource() -> None:
    """Checkov reads what the deployment makes, with types and properties."""
    for name in deployment_names():
        resources = json.loads(template(name))["resources"]
        assert [each["type"] for each in resources] == [each.type for each in deployment(name).resources]
        assert all("id" not in each for each in resources)
