"""The HTTP side: what is asked, what is answered, and the sockets in between."""
