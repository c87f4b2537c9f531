"""The work of the triggers, one module each; it reaches the world only through `shared.ports`."""
