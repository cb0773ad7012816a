"""TensorFlow's messages and checksums, without TensorFlow."""
