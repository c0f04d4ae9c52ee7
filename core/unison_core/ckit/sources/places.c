// Where an index of a dimension of length n leads, in elements; negative ones count from the end. Indices were checked
// before; the guard keeps kernels inside memory whatever another thread has written since.
FN i64 place_of(i64 i, i64 n, i64 step) {
    if (i < 0) i += n;
    return (u64)i < (u64)n ? i * step : 0;
}
