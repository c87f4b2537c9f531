"""The ports on Azure Storage: blobs, tables, links, identity."""
