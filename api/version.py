"""The product's version, as told to clients and traces."""

VERSION = "0.1.0"
