"""The handlers: one file a kind of work. Each reads the state, does one thing outside, and answers a value."""
