"""The resources of the HTTP API, a file each."""
