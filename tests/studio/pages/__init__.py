"""Tests of studio/pages."""
