"""What docs/alerts.md is made from: the rules, how well their tests guard them, how soon they fire."""
