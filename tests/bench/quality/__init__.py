"""Tests of bench/quality."""
