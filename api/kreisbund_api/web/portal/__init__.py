"""What citizens see of their county."""
