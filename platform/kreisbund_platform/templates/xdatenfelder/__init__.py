"""FIM data-field schemas (XDatenfelder 1 and 2, what is alike in 3) as forms; reads a file, touches nothing else."""

from kreisbund_platform.templates.xdatenfelder.forms import Imported, import_schema

__all__ = ["Imported", "import_schema"]
