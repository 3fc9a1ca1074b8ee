"""The rules of the check `message`, one file a group: what each says, and the judges that decide it."""
