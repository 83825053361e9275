"""What the state sees; never a case."""
