/* Fast Similarity Sketching; assay.kernels.sketch is the reference, bit for bit. */
#ifndef ASSAY_SKETCH_H
#define ASSAY_SKETCH_H

#include "text.h"

#define VALUES 128

/* For each text `bands` keys (row-major, out_bands[n * bands]) and one byte of each value (out_short[n * 128]).
 * Returns 0, or -1 when memory ran out. */
int sketch_texts(const texts_t *texts, const uint32_t *table, int n, int bands, int width,
                 uint32_t *out_bands, uint8_t *out_short);

#endif
