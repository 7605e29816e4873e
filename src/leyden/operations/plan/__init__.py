"""The plans of operations: requests, decided before anything is sent."""
