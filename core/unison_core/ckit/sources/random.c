// Numbers made of the stream's blocks: element i of a block's PER is RESULT, which may use WORD(w), the block's w-th word
// of WIDTH bits (the low half of a 64-bit word first), FRACTION(w), its upper 24 or 53 bits as part of 1, the constants K(i),
// and x, the element of an array of the result's shape.

typedef struct {
    u64 seed, stream;
    i64 size, blocks, at, at_x;
#if CONSTANTS
    C(T) k[CONSTANTS];
#endif
} Params;

#define K(i) p.k[i]
#if WIDTH == 32
#define WORD(w) ((u32)(c[(w) / 2] >> ((w) % 2 * 32)))
#define FRACTION(w) ((f32)(i32)(WORD(w) >> 8) * (f32)0x1p-24)
#else
#define WORD(w) c[w]
#define FRACTION(w) ((f64)(i64)(WORD(w) >> 11) * 0x1p-53)
#endif
#ifdef TAKES_X
#define ELEMENT LOAD(O, array, p.at_x + i)
#else
#define ELEMENT 0
#endif

KERNEL void draw(
#ifdef TAKES_X
    GLOBAL const S(O) *array,
#endif
    GLOBAL S(O) *out, Params p) {
    i64 block = ITEM_ID, first = block * PER;
    if (block >= p.blocks) return;
    u64 c[4];
    philox((u64)block, p.stream, p.seed, c);
    // Whole blocks go without a test for each word, so that compilers keep the words in registers.
    if (first + PER <= p.size) {
#pragma unroll
        for (i32 e = 0; e < PER; e++) {
            i64 i = first + e;
            C(O) x = ELEMENT;
            STORE(O, out, p.at + i, RESULT);
        }
        return;
    }
    for (i32 e = 0; first + e < p.size; e++) {
        i64 i = first + e;
        C(O) x = ELEMENT;
        STORE(O, out, p.at + i, RESULT);
    }
}
