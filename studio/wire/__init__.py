"""The bodies of the protocol, without HTTP."""
