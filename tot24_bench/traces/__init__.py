"""Traces: what teachers answered, in files that lose nothing, and the datasets made of them."""
