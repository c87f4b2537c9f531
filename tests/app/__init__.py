"""Tests of the app tier."""
