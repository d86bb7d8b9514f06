"""Data only: dated tables of the fisco, our JSON Schemas and OpenAPI, read with `importlib.resources`."""
