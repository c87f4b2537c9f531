"""Tests of shared/routes."""
