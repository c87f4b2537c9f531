"""Tests: they mirror the modules; each has a one-line promise."""
