"""Windows, binning, scanning: pure functions on arrays."""
