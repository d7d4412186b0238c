"""Teachers: who writes the traces that a student learns from. So far the exact solver alone."""
