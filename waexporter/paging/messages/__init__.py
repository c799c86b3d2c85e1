"""The text of messages.

compose.py builds a message: digest.py merges its pages, summary_lines.py writes the first and the last line,
and alert_text.py the text of each alert. markup.py escapes it for WhatsApp. log_names.py has the names of
pages in the log.
"""
