"""The effects: what the transition asks for, done through the ports."""
