"""The WhatsApp Business API as a client sees it."""
