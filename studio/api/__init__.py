"""The routes of the protocol over HTTP."""
