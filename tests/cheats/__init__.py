"""Users' variants that cheat, are wrong somewhere or end their process: one short file each."""
