"""Data protection: what is kept about people and why, reports to them, erasure by keys and by deleting."""
