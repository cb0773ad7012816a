"""Content to vectors. An embedder is a pure function of each track alone."""
