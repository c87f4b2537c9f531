"""Tests of studio/commands."""
