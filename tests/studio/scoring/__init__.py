"""Tests of studio/scoring."""
