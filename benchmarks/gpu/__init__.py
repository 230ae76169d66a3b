"""What `gpu_check.py` is made of: the place it runs at, the families it checks, the audit of fewer digits."""
