// Functions of floating numbers that a device's library lacks.

FN C(T) floored_rest(C(T) a, C(T) b) {
    C(T) rest = fmod(a, b);
    if (rest == 0) return copysign(rest, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
}

// The integer next to (a - rest) / b, whose numerator is held in two parts: a quotient may have more digits than fit.
FN C(T) floor_quotient(C(T) a, C(T) b) {
    C(T) plain = a / b;
    if (a == 0 || b == 0) return plain;
    C(T) rest = fmod(a, b);
    if (plain - plain != 0) return plain + rest;
    C(T) high = a - rest, low = (a - high) - rest;
    C(T) quotient = high / b, whole = rint(quotient);
    C(T) below = rest != 0 && (rest < 0) != (b < 0) ? R(1) : R(0);
    C(T) out = whole + (rint((quotient - whole) + low / b) - below);
    return out == 0 ? copysign(R(0), plain) : out;
}

FN C(T) log_of_sum_of_exps(C(T) a, C(T) b) {
    C(T) gap = a == b ? R(0) : fabs(a - b);
    return (a > b || a != a ? a : b) + log1p(exp(-gap));
}
