"""Tests of the pipeline tier."""
