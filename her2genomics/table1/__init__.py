"""The clinicopathological table by group as journals print it ("Table 1").

`build.make_table1` makes it from a sample table: `describe` one variable at a time, `labels` says what variables and
levels are called and in which order they stand, `variable_tests` runs the test, `cells` says how numbers are printed,
`privacy` hides small counts. `report.table1_text`, `report.table1_html` and `report.table1_docx` print it.
"""
