"""The ``her2g`` command line: one short file per command, each read -> one library call -> write."""
