"""The codec and the client of the classic Batch Execution Service."""
