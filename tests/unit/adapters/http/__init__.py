"""Tests of shared/adapters/http."""
