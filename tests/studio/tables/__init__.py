"""Tests of studio/tables."""
