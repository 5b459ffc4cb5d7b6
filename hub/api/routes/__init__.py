"""HTTP routes, with one file for each resource."""
