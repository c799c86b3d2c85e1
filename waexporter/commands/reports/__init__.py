"""What commands print about clients and pages."""
