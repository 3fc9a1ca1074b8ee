"""From a bounce to its cause: which checks prove or rule out each cause of a refusal, and what came of them.

- `refusals`: a recipient of a bounce with the entry of the catalogue that the reply is
- `plan`: what is to be judged, with which inputs
- `causes`: what the run makes of each cause, in the order in which to look at them
- `outside`: where to look for what no check can see
- `summary`: counts over many bounces
"""
