"""What the client's answers become: names, families, bytes, pages."""
