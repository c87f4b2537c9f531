"""The whole stack, every part real."""
