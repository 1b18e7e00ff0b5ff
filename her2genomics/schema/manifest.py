"""The table of a results folder's check."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column

CHECK_STATUSES = ("same", "changed", "missing", "new", "not there", "no checksum")

MANIFEST_CHECK = TableSchema("manifest_check", "Files of a results folder against its manifest (her2g verify).", (
    column("kind", "string", "output, input or panel", choices=("output", "input", "panel"), key=True),
    column("path", "string", "output: within the folder; input: as it was typed; panel: its name", key=True),
    column("status", "string", "missing: a recorded output; new: not recorded; not there: an input or panel that was not found, so not checked; no checksum: standard input", choices=CHECK_STATUSES),
    column("recorded_bytes", "int", "size when the results were made", "bytes", low=0),
    column("found_bytes", "int", "size now", "bytes", low=0),
    column("recorded_sha256", "string", "checksum when the results were made"),
    column("found_sha256", "string", "checksum now"),
))  # fmt: skip
