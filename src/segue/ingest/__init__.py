"""What a source holds, into a library: one run, one report, one way to stop it."""
