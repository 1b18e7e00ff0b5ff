"""What became of the patients: survival, response to treatment, and what predicts them."""
