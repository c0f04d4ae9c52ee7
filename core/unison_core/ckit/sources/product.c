// out[i, j] = bias + sum over k of a[i, k] * b[k, j], batch by batch, in tiles of TM x TN, TK of the depth at a time.
//
// What a tile needs of a and b is brought into shared memory in the order of its use. On a processor a work-group is
// one work-item, which goes through micro tiles of MR x NR whose sums fit into registers; elsewhere each work-item of
// a group has one micro tile. Sums of at most 128 products are joined, which keeps the error of long ones small.
// SUM is the type that sums are held in: what T computes in, unsigned for integers, which wrap.
// PARTIAL: `splits` groups share the depth of a tile; out has the sum of each, for the kernel `join`.
// WINDOWS: b[k, j] is an element of data of DIMS dimensions, or 0 outside. Two walks say where, one over the depth and
// one over the columns, and what they say adds up. A place of a walk has a digit for each dimension, which moves by
// `move` from `start` in the coordinates of the data, by `near` in the memory of b and by `far` in that of the other
// array: a for the depth, out for the columns. What is left above the digits moves by the last of near and far.

#if WINDOWS
typedef struct {
    i64 n[DIMS], move[DIMS], start[DIMS], near_[DIMS + 1], far_[DIMS + 1];
} Walk;
#endif

typedef struct {
    i64 rows, columns, depth, splits, share;
    i64 at[4];
    i64 dims, n[6], batch[4][6];
    i64 a_row, a_deep, b_deep, b_column, out_row, biased, bias_row, bias_column;
#if WINDOWS
    i64 first, size[DIMS];
    Walk over_depth, over_columns;
#endif
} Params;

#if IS_INTEGER
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#else
#define MULTIPLY_ADD(a, b, c) FMA(a, b, c)
#endif

#ifdef IS_CPU
#define MEMBERS 1
#define MEMBER 0
#define MEET()
#define AT_A(k, i) (((i) / MR * TK + (k)) * MR + (i) % MR)
#define AT_B(k, j) (((j) / NR * TK + (k)) * NR + (j) % NR)
#else
#define MEMBERS ((TM / MR) * (TN / NR))
#define MEMBER LOCAL_ID
#define MEET() BARRIER()
#define AT_A(k, i) ((k) * TM + (i))
#define AT_B(k, j) ((k) * TN + (j))
#endif

#if PARTIAL
#define OUT SUM
#else
#define OUT S(T)
#endif

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define UP_TO(n, step) (((n) + (step) - 1) / (step) * (step))

#if WINDOWS
// No coordinate of the other walk makes up for it.
#define NOWHERE (-0x40000000)
#define A_DEEP(k) far_k[k]
// Read in any case, so that there is no branch: the first element where there is none.
#define VALUE_B(k, j) (INSIDE(k, j) ? (SUM)LOAD(T, b, INSIDE(k, j) ? near_k[k] + near_j[j] : p.first) : 0)
#define INSIDE(k, j) CAT(INSIDE_, DIMS)(k, j)
#define INSIDE_2(k, j) (WITHIN(0, k, j) & WITHIN(1, k, j))
#define INSIDE_3(k, j) (INSIDE_2(k, j) & WITHIN(2, k, j))
#define INSIDE_4(k, j) (INSIDE_3(k, j) & WITHIN(3, k, j))
#define INSIDE_5(k, j) (INSIDE_4(k, j) & WITHIN(4, k, j))
#define WITHIN(d, k, j) ((u32)(where_k[d][k] + where_j[d][j]) < (u32)p.size[d])

#define WALK(walk, place, where, near_at, far_at, t)                       \
    {                                                                      \
        i64 rest = (place), close = 0, off = 0;                            \
        for (i32 d = DIMS - 1; d >= 0; d--) {                              \
            i64 above = rest / walk.n[d], digit = rest - above * walk.n[d]; \
            where[d][t] = (i32)(digit * walk.move[d] + walk.start[d]);     \
            close += digit * walk.near_[d];                                \
            off += digit * walk.far_[d];                                   \
            rest = above;                                                  \
        }                                                                  \
        near_at[t] = close + rest * walk.near_[DIMS];                      \
        far_at[t] = off + rest * walk.far_[DIMS];                          \
    }
#else
#define A_DEEP(k) ((k0 + (k)) * p.a_deep)
#define VALUE_B(k, j) ((SUM)LOAD(T, b, b_at + (k0 + (k)) * p.b_deep + (j) * p.b_column))
#endif
#define VALUE_A(k, i) ((SUM)LOAD(T, a, a_at + (i) * p.a_row + A_DEEP(k)))

KERNEL void product(GLOBAL const S(T) *a, GLOBAL const S(T) *b, GLOBAL const S(T) *bias, GLOBAL OUT *out, Params p) {
    SHARED SUM part_a[TK * TM];
    SHARED SUM part_b[TK * TN];
#if WINDOWS
    SHARED i64 near_k[TK];
    SHARED i64 far_k[TK];
    SHARED i64 near_j[TN];
    SHARED i64 far_j[TN];
    SHARED i32 where_k[DIMS][TK];
    SHARED i32 where_j[DIMS][TN];
#endif
    u32 wide = (u32)((p.columns + TN - 1) / TN), tall = (u32)((p.rows + TM - 1) / TM), row = (u32)GROUP_ID / wide;
    i64 i0 = (i64)(row % tall) * TM, j0 = (i64)((u32)GROUP_ID % wide) * TN;
    i64 part = row / tall, split = part % p.splits, rest_of = part / p.splits;
    i64 begin = split * p.share, end = LEAST(p.depth, begin + p.share);
    i32 height = (i32)LEAST(TM, p.rows - i0), width = (i32)LEAST(TN, p.columns - j0);
    i64 a_at = p.at[0], b_at = p.at[1], bias_at = p.at[2], out_at = p.at[3];
#if PARTIAL
    out_at = part * p.rows * p.columns;
#endif
    for (i64 d = p.dims - 1; d >= 0; d--) {
        i64 digit = rest_of % p.n[d];
        rest_of /= p.n[d];
        a_at += digit * p.batch[0][d];
        b_at += digit * p.batch[1][d];
        bias_at += digit * p.batch[2][d];
#if !PARTIAL
        out_at += digit * p.batch[3][d];
#endif
    }
    a_at += i0 * p.a_row;
#if WINDOWS
    for (i32 j = MEMBER; j < TN; j += MEMBERS) {
        if (j < width) {
            WALK(p.over_columns, j0 + j, where_j, near_j, far_j, j);
            near_j[j] += b_at;
        } else {
            where_j[0][j] = NOWHERE;
        }
    }
#else
    b_at += j0 * p.b_column;
#endif
    MEET();
#ifdef IS_CPU
    SHARED SUM sums[TM * TN];
    i32 panels_a = UP_TO(height, MR), panels_b = UP_TO(width, NR);
    for (i32 i = 0; i < panels_a; i++)
        for (i32 j = 0; j < panels_b; j++) sums[i * TN + j] = 0;
#else
    i32 mine_i = MEMBER / (TN / NR), mine_j = MEMBER % (TN / NR), held = 0;
    SUM some[MR][NR], sums[MR][NR];
    for (i32 i = 0; i < MR; i++)
        for (i32 j = 0; j < NR; j++) some[i][j] = sums[i][j] = 0;
#endif

    for (i64 k0 = begin; k0 < end; k0 += TK) {
        i32 deep = (i32)LEAST(TK, end - k0);
        MEET();
#if WINDOWS
        for (i32 k = MEMBER; k < deep; k += MEMBERS) WALK(p.over_depth, k0 + k, where_k, near_k, far_k, k);
        MEET();
#endif

#ifdef IS_CPU
        if (WINDOWS || p.a_deep == 1) {
            for (i32 i = 0; i < panels_a; i++)
                for (i32 k = 0; k < deep; k++) part_a[AT_A(k, i)] = i < height ? VALUE_A(k, i) : 0;
        } else {
            for (i32 k = 0; k < deep; k++)
                for (i32 i = 0; i < panels_a; i++) part_a[AT_A(k, i)] = i < height ? VALUE_A(k, i) : 0;
        }
        for (i32 panel = 0; panel < panels_b; panel += NR) {
#if WINDOWS
            for (i32 k = 0; k < deep; k++)
                PARALLEL for (i32 j = 0; j < NR; j++)
                    part_b[panel * TK + k * NR + j] = VALUE_B(k, panel + j);
#else
            if (p.b_column == 1 && panel + NR <= width) {
                for (i32 k = 0; k < deep; k++) {
                    i64 from = b_at + (k0 + k) * p.b_deep + panel;
                    for (i32 j = 0; j < NR; j++) part_b[panel * TK + k * NR + j] = (SUM)LOAD(T, b, from + j);
                }
            } else {
                for (i32 j = panel; j < panel + NR; j++)
                    for (i32 k = 0; k < deep; k++) part_b[AT_B(k, j)] = j < width ? VALUE_B(k, j) : 0;
            }
#endif
        }
        for (i32 j1 = 0; j1 < panels_b; j1 += NR) {
            for (i32 i1 = 0; i1 < panels_a; i1 += MR) {
                SUM some[MR][NR];
                for (i32 i = 0; i < MR; i++)
                    for (i32 j = 0; j < NR; j++) some[i][j] = 0;
                for (i32 k = 0; k < deep; k++)
                    UNROLL for (i32 i = 0; i < MR; i++)
                        UNROLL for (i32 j = 0; j < NR; j++)
                            some[i][j] = MULTIPLY_ADD(
                                part_a[i1 * TK + k * MR + i], part_b[j1 * TK + k * NR + j], some[i][j]
                            );
                for (i32 i = 0; i < MR; i++)
                    for (i32 j = 0; j < NR; j++) sums[(i1 + i) * TN + j1 + j] += some[i][j];
            }
        }
#else
        for (i32 t = MEMBER; t < TK * TM; t += MEMBERS) {
            i32 i = p.a_row == 1 ? t % TM : t / TK, k = p.a_row == 1 ? t / TM : t % TK;
            part_a[AT_A(k, i)] = i < height && k < deep ? VALUE_A(k, i) : 0;
        }
        for (i32 t = MEMBER; t < TK * TN; t += MEMBERS) {
#if WINDOWS
            i32 j = t % TN, k = t / TN;
#else
            i32 j = p.b_deep == 1 ? t / TK : t % TN, k = p.b_deep == 1 ? t % TK : t / TN;
#endif
            part_b[AT_B(k, j)] = j < width && k < deep ? VALUE_B(k, j) : 0;
        }
        MEET();
        for (i32 k = 0; k < TK; k++) {
            SUM x[MR], y[NR];
            UNROLL for (i32 i = 0; i < MR; i++) x[i] = part_a[AT_A(k, mine_i + i * (TM / MR))];
            UNROLL for (i32 j = 0; j < NR; j++) y[j] = part_b[AT_B(k, mine_j + j * (TN / NR))];
            UNROLL for (i32 i = 0; i < MR; i++)
                UNROLL for (i32 j = 0; j < NR; j++) some[i][j] = MULTIPLY_ADD(x[i], y[j], some[i][j]);
        }
        held += TK;
        if (held >= 128 || k0 + TK >= end) {
            for (i32 i = 0; i < MR; i++)
                for (i32 j = 0; j < NR; j++) {
                    sums[i][j] += some[i][j];
                    some[i][j] = 0;
                }
            held = 0;
        }
#endif
    }

#ifdef IS_CPU
    for (i32 i = 0; i < height; i++)
        for (i32 j = 0; j < width; j++) {
            SUM total = sums[i * TN + j];
#else
    for (i32 s = 0; s < MR; s++)
        for (i32 t = 0; t < NR; t++) {
            i32 i = mine_i + s * (TM / MR), j = mine_j + t * (TN / NR);
            SUM total = sums[s][t];
            if (i >= height || j >= width) continue;
#endif
#if PARTIAL
            out[out_at + (i0 + i) * p.columns + j0 + j] = total;
#else
            if (p.biased) total += (SUM)LOAD(T, bias, bias_at + (i0 + i) * p.bias_row + (j0 + j) * p.bias_column);
#if WINDOWS
            STORE(T, out, out_at + (i0 + i) * p.out_row + far_j[j], (C(T))total);
#else
            STORE(T, out, out_at + (i0 + i) * p.out_row + j0 + j, (C(T))total);
#endif
#endif
        }
}
