/* Groups of equal band keys, and greedy removal of near-duplicates, every candidate verified exactly. */
#ifndef ASSAY_NEAR_H
#define ASSAY_NEAR_H

#include "text.h"

/* Group numbers of equal keys in one band: out[row] is the group, -1 for a key that no other row has. Groups
 * are numbered from `first`. Returns the next free number, or -1 when memory ran out. */
int64_t group_keys(const uint32_t *keys, int64_t stride, int64_t n, int32_t *out, int64_t first);

/* Greedy removal, block by block of rows in order. First `compare` holds every row of a block against the rows kept
 * before the block, which several workers may do at once for parts of it; then `place_block` goes through the block row
 * by row, against what was kept within it. See assay.kernels.near.greedy for what comes out. */
typedef struct workspace workspace_t;

typedef struct {
    texts_t texts;
    const uint32_t *table;
    int32_t *groups; /* [bands][n]: a row's group, and once the row is kept the next kept row of that group */
    int64_t bands;
    int64_t group_count;
    const uint8_t *sketch; /* [n][128] */
    const int64_t *order;
    int64_t order_count;
    const uint8_t *may_stay; /* [n]: 0 no, 1 yes, 2 stays whatever it is like */
    double threshold;
    int least_agreeing;
    int n;
    int64_t *twin; /* [n]; -1 where the row stays */
    double *similarity;
    int32_t *head;     /* [group_count]: the row of a group that was kept last */
    int32_t *place;    /* [n]: position in order */
    int32_t *distinct; /* [n]: how many shingles, 0 where nobody counted */
    int workers;
    workspace_t **workspaces;
} greedy_t;

/* All of these return 0, or -1 when memory ran out. */
int greedy_open(greedy_t *job, int workers);
int greedy_compare(greedy_t *job, int worker, int64_t start, int64_t end);
int greedy_place(greedy_t *job, int64_t start, int64_t end);
void greedy_close(greedy_t *job);

/* Exact Jaccard similarity of pairs (a[k], b[k]) of texts. Returns 0, or -1 when memory ran out. */
int jaccard_pairs(const texts_t *texts, const uint32_t *table, int n, const int64_t *a, const int64_t *b,
                  int64_t pairs, double *out);

/* The same for pairs that come with equal a[k] one behind the other: -1 where the similarity is below `least`. */
int similar_pairs(const texts_t *texts, const uint32_t *table, int n, const int64_t *a, const int64_t *b, int64_t pairs,
                  double least, double *out);

#endif
