"""Where triggers meet moto, one module for each of its services; all else in triggers is plain."""
