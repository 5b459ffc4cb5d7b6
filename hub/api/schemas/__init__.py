"""The JSON that comes in and goes out, one file a resource."""
