// out = a @ b over batches, matrices with any strides: one work-item for each element.
// SUM is the type that sums are held in: what T computes in, unsigned for integers, which wrap.

typedef struct {
    i64 rows, columns, depth, dims;
    i64 at[3];
    i64 row[2], column[2];
    i64 n[8], step[2][8];
} Params;

KERNEL void matmul(GLOBAL const S(T) *a, GLOBAL const S(T) *b, GLOBAL S(T) *out, Params p) {
    i64 j = ITEM_ID(0), i = ITEM_ID(1), batch = ITEM_ID(2);
    if (j >= p.columns) return;
    i64 x = p.at[0] + i * p.row[0], y = p.at[1] + j * p.column[1], rest = batch;
    for (i64 d = p.dims - 1; d >= 0; d--) {
        i64 part = rest % p.n[d];
        rest /= p.n[d];
        x += part * p.step[0][d];
        y += part * p.step[1][d];
    }
    SUM total = 0;
    for (i64 k = 0; k < p.depth; k += 64) {
        i64 end = k + 64 < p.depth ? k + 64 : p.depth;
        SUM part = 0;
        for (i64 l = k; l < end; l++)
            part += (SUM)LOAD(T, a, x + l * p.column[0]) * (SUM)LOAD(T, b, y + l * p.row[1]);
        total += part;
    }
    STORE(T, out, p.at[2] + (batch * p.rows + i) * p.columns + j, (C(T))total);
}
