"""Metrics, policies and the decision (pure)."""
