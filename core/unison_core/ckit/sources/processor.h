// Functions of f32 for processors, whose libraries have calls that no compiler turns into vector instructions: these
// are straight lines of arithmetic. Names of the dialect lead here by overloading; f64 keeps the library's.
// Errors, over all f32: exp and tanh 1.5 units in the last place, erf 3, erfc 11.

#if defined(__OPENCL_VERSION__) && defined(__clang__)

// The nearest integer to numbers below 2^22: beside 1.5 * 2^23 there are no fractions.
#define NEAREST(x) ((x) + 12582912.0f - 12582912.0f)
#define SIZE(x) F32_OF(F32_BITS(x) & 0x7fffffff)

// 2^n exp(r), n the nearest integer to x / log 2, in two factors, so that results may be subnormal. The series is that
// of (exp(r) - 1 - r) / r^2 in Chebyshev points of |r| <= log(2) / 2.
FN f32 line_exp(f32 x) {
    f32 safe = x > 89.0f ? 89.0f : x < -104.0f ? -104.0f : x;
    f32 n = NEAREST(safe * 1.44269504088896341f);
    f32 r = FMA(n, -0x1.7f7d1cp-20f, FMA(n, -0x1.62e4p-1f, safe));
    f32 s = FMA(FMA(FMA(FMA(1.3933733571320772e-3f, r, 8.363235741853714e-3f), r, 4.1666463017463684e-2f), r,
                    0.16666576266288757f), r, 0.5f);
    f32 y = FMA(r * r, s, r) + 1.0f;
    i32 whole = (i32)n, half_ = whole >> 1;
    return y * F32_OF((u32)(half_ + 127) << 23) * F32_OF((u32)(whole - half_ + 127) << 23);
}

// Near 0 the series of (tanh(x) / x - 1) / x^2 in x^2, fitted likewise up to 0.625; beyond, 1 - 2 / (exp(2 |x|) + 1).
FN f32 line_tanh(f32 x) {
    f32 size = SIZE(x), z = x * x;
    f32 near_ = FMA(FMA(FMA(FMA(-6.104947999119759e-3f, z, 2.1003641188144684e-2f), z, -5.385249853134155e-2f), z,
                        0.13332782685756683f), z, -0.333333283662796f);
    f32 far_ = 1.0f - 2.0f / (line_exp(size + size) + 1.0f);
    return size < 0.625f ? x * FMA(z, near_, 1.0f) : x < 0 ? -far_ : far_;
}

// The series of erf(x) / x at 0, for |x| < 1.
FN f32 line_erf_share(f32 x) {
    f32 z = x * x > 1.0f ? 1.0f : x * x;
    f32 s = FMA(1.4807192815879217e-8f, -z, 1.6365844691234924e-7f);
    s = FMA(s, -z, 1.6462114365889246e-6f);
    s = FMA(s, -z, 1.4925650358406250e-5f);
    s = FMA(s, -z, 1.2055332981789664e-4f);
    s = FMA(s, -z, 8.5483270234508528e-4f);
    s = FMA(s, -z, 5.2239776254421878e-3f);
    s = FMA(s, -z, 2.6866170645131252e-2f);
    s = FMA(s, -z, 0.11283791670955126f);
    s = FMA(s, -z, 0.37612638903183752f);
    return FMA(s, -z, 1.1283791670955126f);
}

// For size >= 1: exp(-size^2) t R(t) with t = 2 / (2 + size) and R a Chebyshev series, summed by Clenshaw's rule (as
// the array kit has it); size^2 by the square of a short part, which is exact, and the rest.
FN f32 line_erfc_far(f32 size) {
    f32 safe = size > 30.0f ? 30.0f : size < 1.0f ? 1.0f : size;
    f32 part = NEAREST(safe * 256.0f) * 0.00390625f;
    f32 bell = line_exp(-part * part) * line_exp((part - safe) * (part + safe));
    f32 t = 2.0f / (2.0f + safe), u = t * 3.0f - 1.0f, twice = u + u, a, b;
    a = FMA(twice, -3.8174918043360965e-10f, -1.575397861317135e-8f);
    b = FMA(twice, a, 2.1490655365752307e-8f + 3.8174918043360965e-10f);
    a = FMA(twice, b, 6.552490531241489e-7f - a);
    b = FMA(twice, a, -3.9034033386977306e-7f - b);
    a = FMA(twice, b, -3.4231442003342094e-5f - a);
    b = FMA(twice, a, -9.114875514998812e-5f - b);
    a = FMA(twice, b, 1.8983124584858707e-3f - a);
    b = FMA(twice, a, 2.536874329100291e-2f - b);
    a = FMA(twice, b, 0.1777755652902094f - a);
    return bell * t * FMA(u, a, 0.43645785270859866f - b);
}

FN f32 line_erfc(f32 x) {
    f32 size = SIZE(x), far_ = line_erfc_far(size);
    f32 out = size < 1.0f ? FMA(-x, line_erf_share(x), 1.0f) : x > 0 ? far_ : 2.0f - far_;
    return x != x ? x : out;
}

FN f32 line_erf(f32 x) {
    f32 size = SIZE(x), far_ = 1.0f - line_erfc_far(size);
    return x != x ? x : size < 1.0f ? x * line_erf_share(x) : x > 0 ? far_ : -far_;
}

#define OVERLOAD static inline __attribute__((overloadable))
OVERLOAD f32 any_exp(f32 x) { return line_exp(x); }
OVERLOAD f32 any_fabs(f32 x) { return SIZE(x); }
OVERLOAD f32 any_tanh(f32 x) { return line_tanh(x); }
OVERLOAD f32 any_erf(f32 x) { return line_erf(x); }
OVERLOAD f32 any_erfc(f32 x) { return line_erfc(x); }
#ifdef HAS_FP64
OVERLOAD f64 any_exp(f64 x) { return exp(x); }
OVERLOAD f64 any_fabs(f64 x) { return fabs(x); }
OVERLOAD f64 any_tanh(f64 x) { return tanh(x); }
OVERLOAD f64 any_erf(f64 x) { return erf(x); }
OVERLOAD f64 any_erfc(f64 x) { return erfc(x); }
#endif
#define exp(x) any_exp(x)
#define fabs(x) any_fabs(x)
#define tanh(x) any_tanh(x)
#define erf(x) any_erf(x)
#define erfc(x) any_erfc(x)

#endif
