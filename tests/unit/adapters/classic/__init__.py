"""Tests of shared/adapters/classic."""
