"""Tests of the Azure deployment, as far as they can run without Azure."""
