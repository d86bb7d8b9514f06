"""The fiscal document, pure: from a sale to signed bytes and from an answer to an outcome. The only wire is `sefaz/`."""
