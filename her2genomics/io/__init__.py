"""Files in and out; coordinates and column names are translated here and nowhere else."""
