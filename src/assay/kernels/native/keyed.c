#include "keyed.h"

#include <string.h>

#define DIGIT 11
#define BUCKETS (1 << DIGIT)
#define PASSES 3

keyed_t *radix_sort(keyed_t *from, keyed_t *to, int64_t n) {
    int64_t counts[BUCKETS];
    for (int pass = 0; pass < PASSES; pass++) {
        int shift = DIGIT * pass;
        memset(counts, 0, sizeof counts);
        for (int64_t k = 0; k < n; k++) counts[from[k].key >> shift & (BUCKETS - 1)]++;
        int64_t at = 0;
        for (int b = 0; b < BUCKETS; b++) {
            int64_t count = counts[b];
            counts[b] = at;
            at += count;
        }
        for (int64_t k = 0; k < n; k++) to[counts[from[k].key >> shift & (BUCKETS - 1)]++] = from[k];
        keyed_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}
