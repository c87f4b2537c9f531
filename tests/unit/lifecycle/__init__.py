"""Tests of shared/lifecycle."""
