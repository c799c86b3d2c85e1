"""The pager: from Alertmanager's webhook to a person's phone.

What happens to a webhook, module by module:

1. `web/` takes POST /api/v1/alerts and calls `Pager.receive` (pager.py).
2. intake/ reads the body into a `Webhook` and sorts out the watchdogs, which page nobody.
3. dedup.py compares its alerts with the records of earlier pages, and makes a `Page` of what is new.
4. recorder.py has journal/ write the page to disk; only then Alertmanager gets its 200.
5. queue.py keeps the page until it is due: in order within its thread, and within the rate of its recipient.
6. A worker of delivery.py takes what is due, and reconciliation/ asks Alertmanager about missing alerts.
7. messages/ writes the pages as one text.
8. attempt.py tries one way after another, in the order of routing.py, until a channel of channels/ accepts.
9. result_writer.py writes the result to the journal: accepted, failed, or to be tried again after a pause.
10. Meanwhile upkeep.py pages about silent watchdogs and bad verdicts, and sends the heartbeat.
"""
