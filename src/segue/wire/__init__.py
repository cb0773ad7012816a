"""Bytes as TensorFlow writes them, without TensorFlow: messages and checksums."""
