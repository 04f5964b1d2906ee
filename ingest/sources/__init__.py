"""Where documents come from: one small adapter a kind on one protocol."""
