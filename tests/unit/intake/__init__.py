"""Tests of `shared.intake`."""
