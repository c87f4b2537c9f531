"""Looks at a deployed app by way of the Azure CLI, with the rights of whoever runs it."""
