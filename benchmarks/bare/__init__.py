"""The barest Django there is: one view, one INSERT, no middleware; what a framework alone can do."""
