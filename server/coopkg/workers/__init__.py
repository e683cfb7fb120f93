"""Evaluation: an admitted query over one version of the dataset gives whole answers or raises."""
