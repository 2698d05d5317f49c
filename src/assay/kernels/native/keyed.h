/* Rows by a key. */
#ifndef ASSAY_KEYED_H
#define ASSAY_KEYED_H

#include <stdint.h>

typedef struct {
    uint32_t key;
    int32_t row;
} keyed_t;

/* Sort (key, row) pairs by key, stably: least significant digit first, eleven bits a pass. Either array may hold the
 * result, which is returned. */
keyed_t *radix_sort(keyed_t *from, keyed_t *to, int64_t n);

#endif
