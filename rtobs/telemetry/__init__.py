"""The implementation of the instrumentation library; services use the names of `rtobs` itself."""
