"""Builds the documents as a site: pages made from the code, and links that lead out of ``docs/``."""
