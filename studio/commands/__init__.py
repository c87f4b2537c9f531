"""The studio's command line."""
