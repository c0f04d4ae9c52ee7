// Philox4x64-10 of Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
FN void philox(u64 block, u64 stream, u64 seed, u64 *c) {
    u64 key0 = seed, key1 = 0;
    c[0] = block, c[1] = 0, c[2] = stream, c[3] = 0;
    for (i32 round = 0; round < 10; round++) {
        u64 a = c[0], b = c[2];
        c[0] = high_product(b, 0xCA5A826395121157UL) ^ c[1] ^ key0;
        c[1] = b * 0xCA5A826395121157UL;
        c[2] = high_product(a, 0xD2E7470EE14C6C93UL) ^ c[3] ^ key1;
        c[3] = a * 0xD2E7470EE14C6C93UL;
        key0 += 0x9E3779B97F4A7C15UL;
        key1 += 0xBB67AE8584CAA73BUL;
    }
}
