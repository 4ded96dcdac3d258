"""What just happened in the lab: explained in words, and drawn from its record."""
