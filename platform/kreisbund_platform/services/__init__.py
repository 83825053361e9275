"""Public services by LeiKa key, and how citizens find them."""
