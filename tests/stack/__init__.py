"""The local stack: its settings, state and ports, and real stacks that are started, interrupted and ended."""
