"""The On-Premises API of WhatsApp Business: its client, logins and documents."""
