"""An independent evaluator, the incidents, and the promtool tests that prove every rule."""
