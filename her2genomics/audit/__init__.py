"""What a paper printed, recomputed: which test gives the print, and whether it holds.

One module per kind of row (`counts`, `means`, `ratios`, `ranks`, `diagnostics`, `aucs`, `shares`), one rule of what
"reproduced" means (`verdicts`), and the readers of what people type (`content`, `count_tables`, `printed`).
`rows.audit_tables` goes over a table of printed results.
"""
