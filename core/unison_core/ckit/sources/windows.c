// Sliding windows over data (n, channels, three spatial dimensions), one work-item for an element of the result.
//
// Fewer dimensions come with lengths of 1 in front. A place is n, c, q[3]; PLACE finds it from the item's number, in
// spatial lengths `within`. Arrays have an offset (at) and a step for each of the five dimensions.

typedef struct {
    i64 count, channels, divisor, padded;
    i64 size[3], counts[3], kernel_[3], stride[3], padding[3], dilation[3];
    i64 at[4], step[4][5];
    C(T) lowest;
} Params;

// a / b of numbers from 0; most devices divide 32 bits much faster.
FN i64 quotient(i64 a, i64 b) { return (a | b) >> 32 ? a / b : (i64)((u32)a / (u32)b); }

#define PLACE(within)                                     \
    i64 item = ITEM_ID;                                \
    if (item >= p.count) return;                          \
    i64 q[3], c, n, rest = item;                          \
    for (i32 d = 2; d >= 0; d--) {                        \
        i64 above = quotient(rest, within[d]);            \
        q[d] = rest - above * within[d];                  \
        rest = above;                                     \
    }                                                     \
    n = quotient(rest, p.channels);                       \
    c = rest - n * p.channels;
#define PLANE(x) (p.at[x] + n * p.step[x][0] + c * p.step[x][1])
#define AT(x, i, j, k) ((i) * p.step[x][2] + (j) * p.step[x][3] + (k) * p.step[x][4])

// The data's coordinate of tap t of window o, along d; and whether it is inside.
#define COORDINATE(d, o, t) ((o) * p.stride[d] - p.padding[d] + (t) * p.dilation[d])
#define OUTSIDE(d, i) ((u64)(i) >= (u64)p.size[d])
// The window whose tap t lies at coordinate i, along d; -1 if there is none.
#define WINDOW(d, i, t) window_of((i) + p.padding[d] - (t) * p.dilation[d], p.stride[d], p.counts[d])

FN i64 window_of(i64 start, i64 stride, i64 count) {
    if (start < 0) return -1;
    i64 o = quotient(start, stride);
    return o * stride == start && o < count ? o : -1;
}

// How many elements a window's sum is divided by, along d.
#define SHARE(d, o) share_of(p.size[d], p.kernel_[d], p.padding[d], (o) * p.stride[d] - p.padding[d], p.padded)

FN i64 share_of(i64 size, i64 kernel_, i64 padding, i64 begin, i64 padded) {
    i64 end = begin + kernel_;
    if (end > size + padding) end = size + padding;
    if (padded) return end - begin;
    return (end < size ? end : size) - (begin > 0 ? begin : 0);
}
