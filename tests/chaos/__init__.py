"""Tests of the chaos run."""
