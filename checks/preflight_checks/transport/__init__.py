"""What the checks of transport promises share: MTA-STS policies, TLSA records, records with a version in front."""
