"""Measurements against PyTorch eager: ratios in one run, interleaved, medians. Start reading in `timing`.

make bench                      all groups
make bench ARGS="overhead"      one of them
make bench ARGS="opencl"        an OpenCL device against NumPy and the CPU backend; PyTorch is not needed
make bench ARGS="gpu"           a GPU, both libraries on it; `make gpu-check` runs this too
"""
