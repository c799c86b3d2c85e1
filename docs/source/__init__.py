"""What the documents are made from: `make docs` writes their lists, `make bench` measures their numbers."""
