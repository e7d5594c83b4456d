"""The pages: a view is one form, one service call, one response."""
