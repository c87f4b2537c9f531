"""Tests of shared/adapters."""
