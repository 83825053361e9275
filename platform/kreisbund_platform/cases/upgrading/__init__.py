"""Case upgrade: running cases move to another version of their template, proved first, set-wise, and back."""
