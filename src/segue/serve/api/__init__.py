"""The JSON API: a file of routes for each thing that can be asked."""
