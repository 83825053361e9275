"""Server-rendered pages: one GraphQL document and one HTML page each."""
