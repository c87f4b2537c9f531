"""Tests of shared/gates."""
