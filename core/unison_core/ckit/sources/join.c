// out[i] = bias + the sum of the `splits` partial sums that `product` left for element i, in order.

typedef struct {
    i64 count, splits, rows, columns, at, biased, bias_at, bias_row, bias_column;
} Params;

KERNEL void join(GLOBAL const SUM *parts, GLOBAL const S(T) *bias, GLOBAL S(T) *out, Params p) {
    i64 i = ITEM_ID;
    if (i >= p.count) return;
    i64 row = i / p.columns, column = i % p.columns, matrix = row / p.rows;
    i64 from = (matrix * p.splits * p.rows + row % p.rows) * p.columns + column;
    SUM total = 0;
    for (i64 s = 0; s < p.splits; s++) total += parts[from + s * p.rows * p.columns];
    if (p.biased) total += (SUM)LOAD(T, bias, p.bias_at + row % p.rows * p.bias_row + column * p.bias_column);
    STORE(T, out, p.at + i, (C(T))total);
}
