"""The bridge to lm-eval: documents, hooks, limits, and running an evaluation from Python."""
