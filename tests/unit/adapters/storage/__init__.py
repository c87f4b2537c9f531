"""Tests of shared/adapters/storage."""
