"""What the joint service team looks after."""
