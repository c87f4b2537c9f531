"""The `landfall` command: the local stack and operations. Never deployed."""
