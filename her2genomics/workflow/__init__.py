"""Whole jobs: read files, call the steps in order, write result folders."""
