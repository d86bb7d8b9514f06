"""The work: claim, lease, retry, and the handlers that carry a document to its end. The only place that knows arq."""
