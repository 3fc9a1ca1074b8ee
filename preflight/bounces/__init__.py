"""Bounce codes: the catalogue of what receivers answer, what it means and what mends it."""
