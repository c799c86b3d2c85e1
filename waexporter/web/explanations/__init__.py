"""Why a verdict is as it is, and what became of a page: JSON with the same words as on the pages."""
