"""What an operation comes to: requests, decided before anything is sent."""
