"""How many tokens a method may generate.

One limit a method, the same in the YAML files (a test compares), in training's validation, and in
the check that a prompt and its response fit a model's context.
"""

from __future__ import annotations

MAX_GEN_TOKS = {"io": 128, "cot": 512, "onestep_tot": 896}
"""Tokens, by method. A 5-shot One-Step prompt is about 1,100 tokens for a small byte-pair
tokenizer, so that prompt and response fit the 2,048 tokens of SmolLM. Of GPT-4o's 100 public
One-Step responses half are under 840 characters and 90 under 3,400; the rest restart endlessly."""
