"""Checks of a local stack and of an app in Azure, with what to do about each problem."""
