"""Everything that makes a checkpoint: label tables, augmentation, losses, fitting. Never used by the app."""
