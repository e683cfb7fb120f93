"""The dataset: published files, the store, its closure, changes and the journal that keeps them."""
