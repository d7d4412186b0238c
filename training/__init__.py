"""From traces to a student: tokenizer, rows, supervised fine-tuning, model card."""
