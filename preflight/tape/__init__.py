"""Runs on record: all that comes from outside is written to a file, and told again from it with no network.

Recording        the file (`recording.py`): what was given, asked and answered; one list for each kind of exchange
Recorder         takes down what passes through the doors of a run (`record.py`)
Replay           opens the same doors onto a recording (`replay.py`)
"""
