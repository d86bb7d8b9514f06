"""The operators' pages: server-rendered, live without reload."""
