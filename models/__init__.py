"""TFLite models and the one place that runs them."""
