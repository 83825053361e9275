"""What operators of the platform see."""
