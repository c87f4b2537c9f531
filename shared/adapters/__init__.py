"""The ports on Azure Storage and on the classic web service protocol."""
