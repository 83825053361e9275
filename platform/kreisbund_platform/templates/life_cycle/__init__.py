"""How a template comes to be: drafts, review rounds, signatures, publication, rollouts, releases, retirement."""
