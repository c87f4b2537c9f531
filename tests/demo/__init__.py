"""The demo: what it makes up, and what it makes of a user's own file."""
