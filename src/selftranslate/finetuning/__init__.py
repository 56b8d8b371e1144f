"""What trainers are made of: `fitting` is one run, `rows` its batches, `base` the model before."""
