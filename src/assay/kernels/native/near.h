/* Groups of equal band keys, and greedy removal of near-duplicates, every candidate verified exactly. */
#ifndef ASSAY_NEAR_H
#define ASSAY_NEAR_H

#include "text.h"

/* Group numbers of equal keys in one band: out[row] is the group, -1 for a key that no other row has. Groups
 * are numbered from `first`. Returns the next free number, or -1 when memory ran out. */
int64_t group_keys(const uint64_t *keys, int64_t stride, int64_t n, int32_t *out, int64_t first);

/* What `greedy` is asked and what it finds; see assay.kernels.near.greedy. */
typedef struct {
    texts_t texts;
    const uint32_t *table;
    int32_t *groups; /* [bands][n], used up */
    int64_t bands;
    int64_t group_count;
    const uint8_t *sketch; /* [n][128] */
    const int64_t *order;
    int64_t order_count;
    const uint8_t *may_stay; /* [n] */
    double threshold;
    int least_agreeing;
    int n;
    int64_t *twin; /* [n]; -1 where the row stays */
    double *similarity;
    int64_t verified; /* how many pairs were compared exactly */
} greedy_t;

/* Returns 0, or -1 when memory ran out. */
int greedy(greedy_t *job);

/* Exact Jaccard similarity of pairs (a[k], b[k]) of texts. Returns 0, or -1 when memory ran out. */
int jaccard_pairs(const texts_t *texts, const uint32_t *table, int n, const int64_t *a, const int64_t *b,
                  int64_t pairs, double *out);

#endif
