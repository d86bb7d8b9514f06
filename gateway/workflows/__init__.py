"""Business workflows: each a table of (state, event, next, effects), and the Protocols they need from the edges."""
