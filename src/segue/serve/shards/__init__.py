"""The web service of an index in shards."""
