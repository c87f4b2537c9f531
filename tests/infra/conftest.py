"""Fixture: the lines of the app's log as Azure stores them."""

import logging

import pytest


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Capture every line from INFO on: Azure stores these."""
    caplog.set_level(logging.INFO)
    return caplog
