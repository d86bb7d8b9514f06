"""Paper: markup to IR to ESC/POS, PNG and PDF, and the ways to a printer."""
