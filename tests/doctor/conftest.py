"""Fixtures of the doctor's tests."""

import pytest

from landfall.doctor import deployment


@pytest.fixture
def health_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Give the apps that were asked for their health, with the key: nobody can answer at an address of Azure."""
    checks: list[tuple[str, str]] = []
    monkeypatch.setattr(deployment, "check_health", lambda _, functions, key: checks.append((functions, key)))
    return checks
