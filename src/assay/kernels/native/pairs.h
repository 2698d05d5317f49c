/* Pairs of rows that may be near-duplicates, all of them at once, and the greedy choice among them. */
#ifndef ASSAY_PAIRS_H
#define ASSAY_PAIRS_H

#include <stdint.h>

typedef struct {
    int32_t row, other, agree;
} pair_t;

typedef struct {
    pair_t *pairs;
    int64_t count, room;
} pairs_t;

/* The pairs that share a key in one band and in none before it, whose sketches agree in at least `least` values. `keys`
 * is [n][bands]; `order` lists rows, and of two that stand before `since` in it nothing is asked. Returns 0; 1 when it
 * would take more than `most` comparisons; -1 when memory ran out. */
int find_pairs(const uint32_t *keys, int64_t bands, int64_t band, const uint8_t *sketch, const int64_t *order,
               int64_t count, int64_t since, int least, int64_t most, pairs_t *out);

/* Greedy removal along known pairs: row r's are others[starts[r]..starts[r + 1]), with their similarity. `may_stay` as
 * in near.h. `twin` must come filled with -1. Returns 0, or -1 when memory ran out. */
int settle_pairs(int64_t n, const int64_t *starts, const int32_t *others, const double *similarity,
                 const int64_t *order, int64_t count, const uint8_t *may_stay, int64_t *twin, double *value);

#endif
