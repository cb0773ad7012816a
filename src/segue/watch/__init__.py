"""A library that follows its folders: what is added, changed, moved or removed there is scanned at once."""

from segue.watch.watcher import Watcher, watch

__all__ = ["Watcher", "watch"]
