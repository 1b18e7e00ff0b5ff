"""Quantitative markers of HER2 status: distribution by group, ROC, cut-offs, calibration, correlation."""
