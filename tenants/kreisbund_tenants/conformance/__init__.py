"""Judges from outside: folders of test cases that nobody on this project wrote."""
