"""Performs what the lifecycle asks for, through the ports."""
