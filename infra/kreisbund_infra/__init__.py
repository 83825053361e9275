"""Where Kreisbund runs."""
