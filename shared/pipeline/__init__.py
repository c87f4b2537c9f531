"""What the triggers do, one module a trigger or a part of the way; speaks to the world only through `shared.ports`."""
