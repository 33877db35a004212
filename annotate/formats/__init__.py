"""Data in and out: pure adapters between files and the frozen rows of `rows`. No database, no settings, no network."""
