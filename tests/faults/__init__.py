"""What comes true of results and errors when the network and the service misbehave."""
