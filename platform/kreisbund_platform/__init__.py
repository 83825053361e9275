"""Domain and engine of Kreisbund; knows no HTTP."""
