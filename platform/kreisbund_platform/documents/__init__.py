"""Forms, uploads, notices and where their bytes lie."""
