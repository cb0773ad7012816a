"""The web service of the MAX Audio Embedding Generator."""
