"""The routes, one file per subject; ``api.app`` puts them together."""
