#include "sketch.h"

#include <stdlib.h>

#define EMPTY 0xFFFFFFFFFFFFFFFFull

static void sketch_row(const uint64_t *hashes, int64_t m, uint64_t *bins) {
    for (int k = 0; k < VALUES; k++) bins[k] = EMPTY;
    for (int turn = 0; turn < 2 * VALUES; turn++) {
        uint64_t add = (uint64_t)(turn + 1) * 0x632BE59BD9B4E019ull, high = (uint64_t)turn << 32;
        int only = turn - VALUES;
        if (only >= 0 && bins[only] != EMPTY) continue;
        for (int64_t i = 0; i < m; i++) {
            uint64_t x = mix(hashes[i] + add), value = (x & 0xFFFFFFFFu) | high;
            int bin = only >= 0 ? only : (int)(x >> 57);
            bins[bin] = value < bins[bin] ? value : bins[bin];
        }
        int open = 0;
        for (int k = 0; k < VALUES; k++) open |= bins[k] == EMPTY;
        if (!open) return;
    }
}

static void keys_of_row(const uint64_t *bins, int bands, int width, uint32_t *out) {
    for (int band = 0; band < bands; band++) {
        uint64_t key = (uint64_t)(band + 1) * 0x8EBC6AF09C88C6E3ull;
        for (int k = 0; k < width; k++) key = mix(key ^ bins[band * width + k]);
        out[band] = (uint32_t)(key >> 32);
    }
}

int sketch_texts(const texts_t *texts, const uint32_t *table, int n, int bands, int width,
                 uint32_t *out_bands, uint8_t *out_short) {
    size_t most = (size_t)longest(texts) + 16;
    uint32_t *points = malloc(most * sizeof *points);
    uint64_t *hashes = malloc(most * sizeof *hashes);
    if (points && hashes) {
        uint64_t bins[VALUES];
        for (int64_t row = 0; row < texts->n; row++) {
            int64_t length =
                fold_points(texts->data + texts->start[row], texts->data + texts->end[row], table, points);
            sketch_row(hashes, shingle_hashes(points, length, n, hashes), bins);
            keys_of_row(bins, bands, width, out_bands + row * bands);
            for (int k = 0; k < VALUES; k++) out_short[row * VALUES + k] = (uint8_t)bins[k];
        }
    }
    int failed = !points || !hashes;
    free(points);
    free(hashes);
    return failed ? -1 : 0;
}
