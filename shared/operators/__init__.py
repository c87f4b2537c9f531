"""Requests of people: HTTP operations and queries, approvals, overrides of endpoints, retries, setup checks."""
