"""Training a real CLIP at size: pairs on disk, towers, the joint loss over ranks, and one loop for any number of
GPUs."""
