"""Tests of studio/wire."""
