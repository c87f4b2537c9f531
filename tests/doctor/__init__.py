"""The checks of a local stack and of an app in Azure."""
