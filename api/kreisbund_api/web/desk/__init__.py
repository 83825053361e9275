"""What a county's staff work with."""
