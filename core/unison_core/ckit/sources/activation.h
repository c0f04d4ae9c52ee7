// Activation functions and their slopes.

// Exact to the smallest numbers, and nothing overflows.
FN C(T) logistic(C(T) x) {
    C(T) e = exp(-fabs(x));
    return (x >= 0 ? R(1) : e) / (1 + e);
}

// Below -80, where exp(-x) overflows, x exp(x / 2)^2: exp(x) may be subnormal.
FN C(T) weighted_logistic(C(T) x) {
    if (x >= -80) return x / (1 + exp(-x));
    C(T) root = exp(x * R(0.5));
    return x * root * root;
}

FN C(T) log_of_one_plus_exp(C(T) x) { return (x > 0 ? x : R(0)) + log1p(exp(-fabs(x))); }

// The normal distribution function.
FN C(T) gaussian_share(C(T) x) { return erfc(x * R(-0.70710678118654752440)) * R(0.5); }

FN C(T) gelu(C(T) x) { return x * gaussian_share(x); }

FN C(T) gelu_slope(C(T) x) {
    return gaussian_share(x) + x * (exp(x * x * R(-0.5)) * R(0.39894228040143267794));
}

// (1 + tanh(t)) / 2 is 1 / (1 + exp(-2 t)), which does not cancel; here -2 t = -2 sqrt(2 / pi) (x + 0.044715 x^3).
FN C(T) gelu_by_tanh(C(T) x) {
    return x / (1 + exp(x * (x * x * R(0.044715) + 1) * R(-1.59576912160573071176)));
}

// With p and q for (1 + tanh(t)) / 2 and (1 - tanh(t)) / 2: p (1 + 2 x t' q). From 30 on it is 0 or 1 in every type,
// while its factors may overflow.
FN C(T) gelu_slope_by_tanh(C(T) x) {
    C(T) s = x > 30 ? R(30) : x < -30 ? R(-30) : x;
    C(T) twice = s * (s * s * R(0.044715) + 1) * R(1.59576912160573071176);
    C(T) steepness = s * (s * s * R(0.134145) + 1) * R(1.59576912160573071176);
    return logistic(twice) * (1 + steepness * logistic(-twice));
}
