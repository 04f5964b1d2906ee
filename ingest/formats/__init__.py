"""One module a format: bytes in, `Element`s out. Only `ingest.parse` calls them."""
