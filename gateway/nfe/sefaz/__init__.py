"""The wire to SEFAZ: endpoints, SOAP 1.2 over mutual TLS, answers as values."""
