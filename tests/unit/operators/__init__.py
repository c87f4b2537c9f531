"""Tests of shared/operators."""
