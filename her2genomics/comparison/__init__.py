"""What `compare.compare_groups` is made of: groups and contrasts, features, one module per kind of test, the result."""
