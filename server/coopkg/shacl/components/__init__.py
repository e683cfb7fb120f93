"""The constraint components: one class each, in modules that follow the sections of the specification."""
