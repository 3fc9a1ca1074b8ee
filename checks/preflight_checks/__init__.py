"""The checks that ship with preflight, one a file, registered like any third party's."""
