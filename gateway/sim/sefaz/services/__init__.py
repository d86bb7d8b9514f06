"""One class a service: a message in, an answer out, and what is stored in between."""
