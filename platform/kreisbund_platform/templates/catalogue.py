"""Where others find a template's folder: the door named in docs/architecture.md."""

from kreisbund_platform.templates.source import SourceError, TemplateSource, load_folder

__all__ = ["SourceError", "TemplateSource", "load_folder"]
