"""The ERP edge: one file an ERP behind one port."""
