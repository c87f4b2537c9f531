"""Tests of what goes to Azure."""
