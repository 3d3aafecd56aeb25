"""Ways to run the incremental sampler: plain torch, CUDA graphs, compiled code for CPUs."""
