#include "text.h"

int64_t fold_points(const uint8_t *p, const uint8_t *end, const uint32_t *table, uint32_t *out) {
    int64_t n = 0;
    int pending = 0;
    while (p < end) {
        uint32_t c = *p < 0x80 ? *p++ : next_point(&p, end);
        uint32_t entry = entry_of(table, c);
        if (class_of(entry) == CLASS_SPACE) {
            pending = n > 0;
            continue;
        }
        if (pending) {
            out[n++] = ' ';
            pending = 0;
        }
        if (c == DOTTED_I) {
            out[n++] = 'i';
            out[n++] = COMBINING_DOT;
        } else {
            out[n++] = entry & POINT_MASK;
        }
    }
    return n;
}

int64_t fold_width_points(const uint8_t *p, const uint8_t *end, const uint32_t *table, const uint32_t *expansions,
                          uint32_t *out) {
    int64_t n = 0;
    int pending = 0;
    while (p < end) {
        uint32_t c = *p < 0x80 ? *p++ : next_point(&p, end);
        uint32_t entry = entry_of(table, c);
        /* Beyond the table only the compatibility ideographs of plane 2 change. */
        if (entry & ENTANGLED || (c >= 0x2F800 && c < 0x2FA20)) return -1;
        if (class_of(entry) == CLASS_SPACE) {
            pending = n > 0;
            continue;
        }
        if (pending) {
            out[n++] = ' ';
            pending = 0;
        }
        if (entry & EXPANDS) {
            const uint32_t *list = expansions + (entry & POINT_MASK);
            for (uint32_t k = 1; k <= list[0]; k++) out[n++] = list[k];
        } else {
            out[n++] = entry & POINT_MASK;
        }
    }
    return n;
}

void digest_points(const uint32_t *points, int64_t length, uint64_t out[2]) {
    uint64_t a = 0x243F6A8885A308D3ull ^ (uint64_t)length, b = 0x13198A2E03707344ull;
    for (int64_t k = 0; k < length; k++) {
        a = (a ^ points[k]) * 0x9E3779B97F4A7C15ull;
        a ^= a >> 32;
        b = (b + points[k]) * 0xD6E8FEB86659FD93ull;
        b ^= b >> 29;
    }
    out[0] = mix(a ^ b >> 7);
    out[1] = mix(b + a);
}

#define SHINGLE_SEED 0xA0761D6478BD642Full
#define SHINGLE_PAD 0x10FFFFu

static inline uint64_t step(uint64_t h, uint32_t point) {
    h ^= point;
    h *= 0x9E3779B97F4A7C15ull;
    return h ^ h >> 29;
}

int64_t shingle_hashes(const uint32_t *points, int64_t length, int n, uint64_t *out) {
    if (length < n) {
        uint64_t h = SHINGLE_SEED;
        for (int k = 0; k < n; k++) h = step(h, k < length ? points[k] : SHINGLE_PAD);
        out[0] = h;
        return 1;
    }
    int64_t count = length - n + 1;
    if (n == 5) {
        for (int64_t i = 0; i < count; i++) {
            const uint32_t *p = points + i;
            out[i] = step(step(step(step(step(SHINGLE_SEED, p[0]), p[1]), p[2]), p[3]), p[4]);
        }
        return count;
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t h = SHINGLE_SEED;
        for (int k = 0; k < n; k++) h = step(h, points[i + k]);
        out[i] = h;
    }
    return count;
}

int64_t longest(const texts_t *texts) {
    int64_t most = 0;
    for (int64_t k = 0; k < texts->n; k++) {
        int64_t size = texts->end[k] - texts->start[k];
        if (size > most) most = size;
    }
    return most;
}
