"""Statistics on arrays and counts: no files, no cohorts, each result with the conditions it is valid in."""
