"""The service: a library over HTTP, for the player, for programs, for other players."""
