"""What `rtobs doctor` looks at; needs no extra."""
