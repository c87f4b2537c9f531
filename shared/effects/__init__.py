"""Performs the effects of the lifecycle through the ports."""
