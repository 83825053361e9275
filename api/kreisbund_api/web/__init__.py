"""Server-rendered pages: one GraphQL document and one HTML page each."""

from kreisbund_api.web.routes import install

__all__ = ["install"]
