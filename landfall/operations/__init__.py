"""What `landfall` does on a running stack, one module per group of commands."""
