"""One module a resource; every handler authenticates, calls and renders."""
