// One step of Adam on one element of a parameter: x0 the parameter, x1 its gradient, x2 and x3 the means of gradients
// and of their squares, x4 the largest of the latter (COUNT 5). Read and written once; half types compute in float32.

typedef struct {
    WALK
    C(T) k[8];
} Params;

KERNEL void adam(GLOBAL S(A) *x0, GLOBAL const S(B) *x1, GLOBAL S(D) *x2, GLOBAL S(E) *x3,
#if COUNT > 4
                 GLOBAL S(F) *x4,
#endif
                 Params p) {
    i64 o = ITEM_ID;
    if (o >= p.outputs) return;
    FIND_BASE(o)
    C(T) step_size = p.k[0], rest1 = p.k[1], beta2 = p.k[2], rest2 = p.k[3], eps = p.k[4], root = p.k[5];
    C(T) param = LOAD(A, x0, base[0]) * p.k[7], g = LOAD(B, x1, base[1]);
    C(T) mean = LOAD(D, x2, base[2]), square = LOAD(E, x3, base[3]);
#if MAXIMIZE
    g = -g;
#endif
#if DECAY
    g += param * p.k[6];
#endif
    mean += (g - mean) * rest1;
    square = square * beta2 + g * g * rest2;
    STORE(D, x2, base[2], mean);
    STORE(E, x3, base[3], square);
#if COUNT > 4
    C(T) largest = LOAD(F, x4, base[4]);
    square = largest > square || IS_NAN(largest) ? largest : square;
    STORE(F, x4, base[4], square);
#endif
    STORE(A, x0, base[0], param - mean / (sqrt(square) / root + eps) * step_size);
}
