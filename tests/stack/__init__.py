"""The command: its settings and state, and the real stack it brings up and down."""
