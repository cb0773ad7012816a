"""How the tracks of a library are compared: which spaces, by which transform, through which index."""
