"""The only place where PromQL text is built, quoted or parsed."""
