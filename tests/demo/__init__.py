"""The demo: its data, and the data that it makes of a user's CSV."""
