"""Tests of what is deployed to Azure, as far as they can be made without it."""
