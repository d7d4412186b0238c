"""Traces: what teachers answered, kept in files that lose nothing, and the datasets made of them."""
