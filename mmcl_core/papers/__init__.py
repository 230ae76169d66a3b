"""One package per paper. A paper never imports another; `catalog.PAPERS` lists those that are part of the book."""
