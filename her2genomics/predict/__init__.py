"""Prediction of HER2 status from columns of a cohort: features, nested cross-validation, models that can be applied."""
