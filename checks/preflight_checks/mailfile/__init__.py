"""Reading a message file: header fields, MIME parts, file types, archives. The tools of the check `message`.

Everything here takes octets or text from outside, never raises on what they hold, and does a bounded amount of work:
what lies beyond a limit is reported as not seen, never as fine.
"""
