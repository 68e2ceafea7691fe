"""Root's side of the ladders: why the device started anew, and who may have it do so again."""
