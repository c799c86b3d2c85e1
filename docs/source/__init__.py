"""The source of generated parts of the documents: `make docs` writes lists, `make bench` measures."""
