"""The JSON of request bodies and responses. Each resource has a file of its own."""
