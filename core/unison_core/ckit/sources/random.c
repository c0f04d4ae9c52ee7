// Words of 8 * sizeof(S(O)) bits in the order of the stream, the low half of each 64-bit word first.

typedef struct {
    u64 seed, stream;
    i64 size, blocks, at;
} Params;

KERNEL void random_bits(GLOBAL S(O) *out, Params p) {
    i64 block = ITEM_ID(0);
    if (block >= p.blocks) return;
    u64 c[4];
    philox((u64)block, p.stream, p.seed, c);
    for (i32 w = 0; w < WORDS; w++) {
        i64 i = block * WORDS + w;
        if (i < p.size) out[p.at + i] = (S(O))(c[w * 4 / WORDS] >> (w % (WORDS / 4) * (256 / WORDS)));
    }
}
