"""Measures the busiest ways through the portal next to bare baselines, side by side in one run."""
