// Three steps: how many are true in each chunk, where each chunk's share begins, and the indices.
// SHAPE dimensions of x, the last first, are in n.

typedef struct {
    i64 size, chunk, chunks, at;
    i64 n[SHAPE];
} Params;

KERNEL void count_true(GLOBAL const u8 *x, GLOBAL i64 *counts, Params p) {
    i64 item = ITEM_ID, found = 0;
    if (item >= p.chunks) return;
    i64 end = (item + 1) * p.chunk < p.size ? (item + 1) * p.chunk : p.size;
    for (i64 i = item * p.chunk; i < end; i++) found += x[p.at + i] != 0;
    counts[item] = found;
}

// One group turns counts into their sums before each chunk; the last of all is the whole.
KERNEL void start_of_chunks(GLOBAL i64 *counts, Params p) {
    SHARED i64 sums[GROUP];
    i64 share = (p.chunks + GROUP - 1) / GROUP, first = LOCAL_ID * share, sum = 0;
    i64 end = first + share < p.chunks ? first + share : p.chunks;
    for (i64 i = first; i < end; i++) sum += counts[i];
    sums[LOCAL_ID] = sum;
    BARRIER();
    sum = 0;
    for (i32 i = 0; i < LOCAL_ID; i++) sum += sums[i];
    for (i64 i = first; i < end; i++) {
        i64 here = counts[i];
        counts[i] = sum;
        sum += here;
    }
    if (LOCAL_ID == GROUP - 1) counts[p.chunks] = sum;
}

KERNEL void write_indices(GLOBAL const u8 *x, GLOBAL const i64 *starts, GLOBAL i64 *out, Params p) {
    i64 item = ITEM_ID;
    if (item >= p.chunks) return;
    i64 end = (item + 1) * p.chunk < p.size ? (item + 1) * p.chunk : p.size, at = starts[item] * SHAPE;
    for (i64 i = item * p.chunk; i < end; i++) {
        if (!x[p.at + i]) continue;
        i64 rest = i;
        for (i32 d = 0; d < SHAPE - 1; d++) {
            out[at + SHAPE - 1 - d] = rest % p.n[d];
            rest /= p.n[d];
        }
        out[at] = rest;
        at += SHAPE;
    }
}
