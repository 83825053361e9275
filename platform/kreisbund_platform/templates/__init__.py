"""The shared catalogue of process templates: versions, adoptions."""
