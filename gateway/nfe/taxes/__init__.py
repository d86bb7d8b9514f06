"""Taxes of an item: a product's rule in a note's scope, resolved once, then applied to each line's amounts."""
