"""Agreement: of readers, of tests against a truth, of specimens of one patient, of sequencing with IHC and ISH."""
