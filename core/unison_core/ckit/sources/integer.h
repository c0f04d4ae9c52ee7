// Functions of whole numbers: they wrap where a result has no room, and b = -1 is set apart since processors stop at
// the smallest number divided by it. b is never 0 here.

FN C(T) negated(C(T) a) { return (C(T))(0 - (U(T))a); }

FN C(T) floor_quotient(C(T) a, C(T) b) {
    if (b == -1) return negated(a);
    C(T) quotient = a / b;
    return quotient - (quotient * b != a && (a < 0) != (b < 0));
}

FN C(T) truncated_rest(C(T) a, C(T) b) { return b == -1 ? 0 : a % b; }

FN C(T) floored_rest(C(T) a, C(T) b) {
    C(T) rest = truncated_rest(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

// To a negative power: 1 / a^|b| rounded towards zero.
FN C(T) whole_power(C(T) a, C(T) b) {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 != 0 ? -1 : 1) : 0;
    U(T) out = 1, base = (U(T))a;
    for (U(T) rest = (U(T))b; rest != 0; rest >>= 1) {
        if (rest & 1) out *= base;
        base *= base;
    }
    return (C(T))out;
}

FN C(T) common_divisor(C(T) a, C(T) b) {
    U(T) x = a < 0 ? 0 - (U(T))a : (U(T))a, y = b < 0 ? 0 - (U(T))b : (U(T))b;
    while (y != 0) {
        U(T) rest = x % y;
        x = y;
        y = rest;
    }
    return (C(T))x;
}

#define SHIFTS ((C(T))(8 * sizeof(C(T))))

FN C(T) shifted_left(C(T) a, C(T) b) { return b >= 0 && b < SHIFTS ? (C(T))((U(T))a << b) : 0; }

FN C(T) shifted_right(C(T) a, C(T) b) { return a >> (b >= 0 && b < SHIFTS ? b : SHIFTS - 1); }
