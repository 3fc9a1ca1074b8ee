"""The only doors to the outside: DNS questions and addresses."""
