"""From `routes.toml` to routes (pure)."""
