"""Kubernetes, described in Python: what a site runs, and Terraform's JSON made of it by CDK Terrain."""
