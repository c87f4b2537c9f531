"""Tests of the studio tier."""
