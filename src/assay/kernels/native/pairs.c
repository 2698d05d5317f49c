#include "pairs.h"

#include <stdlib.h>

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

int find_pairs(const int32_t *links, int64_t bands, int64_t n, const uint8_t *sketch, const int64_t *order,
               int64_t start, int64_t end, int least, int64_t most, pairs_t *out) {
    int32_t *met = calloc((size_t)n + 1, sizeof *met); /* 1 + the last row that looked at this one */
    int status = met ? 0 : -1;
    int64_t steps = 0;
    for (int64_t k = start; k < end && !status; k++) {
        int64_t row = order[k];
        const uint8_t *mine = sketch + row * SKETCH_BYTES;
        for (int64_t band = 0; band < bands && !status; band++) {
            const int32_t *link = links + band * n;
            for (int32_t other = link[row]; other != -1; other = link[other]) {
                if (other < 0 || other >= n) {
                    status = -2;
                    break;
                }
                if (++steps > most) {
                    status = 1;
                    break;
                }
                if (met[other] == (int32_t)row + 1) continue;
                met[other] = (int32_t)row + 1;
                int agree = agreeing(mine, sketch + (int64_t)other * SKETCH_BYTES);
                if (agree >= least && push(out, (int32_t)row, other, agree) < 0) {
                    status = -1;
                    break;
                }
            }
        }
    }
    free(met);
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
