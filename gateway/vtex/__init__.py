"""The VTEX edge: translates orders and calls the API; decides nothing."""
