"""Tests of what looks at a deployed app."""
