"""Tests of studio/workspace."""
