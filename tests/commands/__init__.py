"""The commands: in this process, and on a real stack."""
