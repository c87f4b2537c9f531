"""The local stack: Azurite, the studio and the functions host, started and stopped together."""
