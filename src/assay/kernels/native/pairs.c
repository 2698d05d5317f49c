#include "pairs.h"
#include "keyed.h"

#include <stdlib.h>
#include <string.h>

#define SKETCH_BYTES 128
#define STAYS 2

static int agreeing(const uint8_t *a, const uint8_t *b) {
    int same = 0;
    for (int k = 0; k < SKETCH_BYTES; k++) same += a[k] == b[k];
    return same;
}

static int push(pairs_t *list, int32_t row, int32_t other, int agree) {
    if (list->count == list->room) {
        int64_t room = list->room ? 2 * list->room : 1024;
        pair_t *pairs = realloc(list->pairs, (size_t)room * sizeof *pairs);
        if (!pairs) return -1;
        list->pairs = pairs;
        list->room = room;
    }
    list->pairs[list->count++] = (pair_t){row, other, agree};
    return 0;
}

/* Whether two rows share a key in a band before this one. */
static int share_before(const uint32_t *a, const uint32_t *b, int64_t band) {
    for (int64_t k = 0; k < band; k++)
        if (a[k] == b[k]) return 1;
    return 0;
}

/* How many comparisons all groups take: pairs of which one at least stands at `since` or behind. */
static int64_t count_steps(const keyed_t *sorted, int64_t count, int64_t since) {
    int64_t steps = 0;
    for (int64_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && sorted[end].key == sorted[start].key; end++) {
            if (sorted[end].row >= since) steps += end - start;
        }
    }
    return steps;
}

int find_pairs(const uint32_t *keys, int64_t bands, int64_t band, const uint8_t *sketch, const int64_t *order,
               int64_t count, int64_t since, int least, int64_t most, pairs_t *out) {
    keyed_t *a = malloc(((size_t)count + 1) * sizeof *a), *b = malloc(((size_t)count + 1) * sizeof *b);
    uint8_t *near = NULL; /* the sketches of a group, one behind the other */
    int64_t room = 0;
    int status = a && b ? 0 : -1;
    keyed_t *sorted = a;
    if (!status) {
        for (int64_t k = 0; k < count; k++) a[k] = (keyed_t){keys[order[k] * bands + band], (int32_t)k};
        sorted = radix_sort(a, b, count);
        if (count_steps(sorted, count, since) > most) status = 1;
    }
    for (int64_t start = 0, end; start < count && !status; start = end) {
        for (end = start + 1; end < count && sorted[end].key == sorted[start].key;) end++;
        if (end - start == 1 || sorted[end - 1].row < since) continue;
        if (end - start > room) {
            room = 2 * (end - start);
            free(near);
            if (!(near = malloc((size_t)room * SKETCH_BYTES))) {
                status = -1;
                break;
            }
        }
        for (int64_t k = start; k < end; k++)
            memcpy(near + (k - start) * SKETCH_BYTES, sketch + order[sorted[k].row] * SKETCH_BYTES, SKETCH_BYTES);
        for (int64_t k = end - 1; k > start && sorted[k].row >= since && !status; k--) {
            int64_t row = order[sorted[k].row];
            for (int64_t m = start; m < k && !status; m++) {
                int agree = agreeing(near + (k - start) * SKETCH_BYTES, near + (m - start) * SKETCH_BYTES);
                int64_t other = order[sorted[m].row];
                if (agree >= least && !share_before(keys + row * bands, keys + other * bands, band))
                    status = push(out, (int32_t)row, (int32_t)other, agree);
            }
        }
    }
    free(near);
    free(a);
    free(b);
    return status;
}

int settle_pairs(int64_t n, const int64_t *starts, const int32_t *others, const double *similarity,
                 const int64_t *order, int64_t count, const uint8_t *may_stay, int64_t *twin, double *value) {
    int32_t *place = malloc(((size_t)n + 1) * sizeof *place); /* of rows that are kept, -1 for all others */
    if (!place) return -1;
    for (int64_t row = 0; row < n; row++) place[row] = -1;
    for (int64_t k = 0; k < count; k++) {
        int64_t row = order[k];
        for (int64_t e = starts[row]; e < starts[row + 1] && may_stay[row] != STAYS; e++) {
            int32_t other = others[e];
            if (place[other] < 0) continue;
            if (twin[row] < 0 || similarity[e] > value[row] ||
                (similarity[e] == value[row] && place[other] < place[twin[row]])) {
                twin[row] = other;
                value[row] = similarity[e];
            }
        }
        if (twin[row] < 0 && may_stay[row]) place[row] = (int32_t)k;
    }
    free(place);
    return 0;
}
