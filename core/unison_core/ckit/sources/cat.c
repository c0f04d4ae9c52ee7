// Up to INPUTS contiguous arrays of rows (`length[k]` elements each) side by side in the rows of `out`, which begin
// `stride` apart. Where there are fewer inputs the last lengths are 0. D is a raw type.

typedef struct {
    i64 count, width, stride, at;
    i64 length[INPUTS], from[INPUTS];
} Params;

#define PART(k, x) \
    if (k < INPUTS) { \
        if (column < p.length[k]) { \
            out[place] = x[p.from[k] + row * p.length[k] + column]; \
            return; \
        } \
        column -= p.length[k]; \
    }

KERNEL void cat(GLOBAL const S(D) *x0, GLOBAL const S(D) *x1, GLOBAL const S(D) *x2, GLOBAL const S(D) *x3,
                GLOBAL S(D) *out, Params p) {
    i64 i = ITEM_ID;
    if (i >= p.count) return;
    i64 row = i / p.width, column = i % p.width, place = p.at + row * p.stride + column;
    PART(0, x0)
    PART(1, x1)
    PART(2, x2)
    PART(3, x3)
}
