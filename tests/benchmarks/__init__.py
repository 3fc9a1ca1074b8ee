"""Benchmarks: ratios against a named baseline that is measured in the same run. No part of the test suite."""


def report(name: str, measured: float, baseline: float, bound: float, baseline_name: str) -> int:
    """Print one line of the table (seconds in, milliseconds out); 1 when the ratio is over its bound, else 0."""
    ratio = measured / baseline
    verdict = "ok" if ratio <= bound else "OVER"
    figures = f"{measured * 1000:8.1f} ms, {baseline_name} {baseline * 1000:8.1f} ms"
    print(f"{name:<28} {figures}: {ratio:5.2f} × (bound {bound} ×) {verdict}")
    return int(ratio > bound)
