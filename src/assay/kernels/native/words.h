/* Units of length, repetition, and what a text holds at a glance. */
#ifndef ASSAY_WORDS_H
#define ASSAY_WORDS_H

#include "text.h"

/* out[k]: words of scripts with spaces plus single Han and kana characters of text k. */
void count_units(const texts_t *texts, const uint32_t *table, int64_t *out);

/* ratio[k]: share of pairs of neighbouring units that occurred before; units[k]: how many units.
 * Returns 0, or -1 when memory ran out. */
int repeated_bigrams(const texts_t *texts, const uint32_t *table, double *ratio, int64_t *units);

/* Bits of `glance`. */
enum {
    GLANCE_WORDS = 1,     /* something beside white space */
    GLANCE_CONTROLS = 2,  /* control characters that trainers and terminals choke on */
    GLANCE_NOT_ASCII = 4, /* any byte beyond ASCII */
    GLANCE_AT = 8,        /* an at sign, of either width */
    GLANCE_NUMBER = 16,   /* a number of six digits or more, or of four with three points, of either width */
    GLANCE_COLONS = 32,   /* a hexadecimal digit, a colon or hyphen, at most four such digits, the same again */
    GLANCE_CUE = 64,      /* echat, lipay or qq in any case, or the Chinese names of the same services */
    GLANCE_PLATE = 128    /* a Han character, a capital letter, and three digits within eight characters */
};

/* out[k]: bits for text k. */
void glance(const texts_t *texts, const uint32_t *table, uint8_t *out);

/* Digests of the folded texts: out[2 * k], out[2 * k + 1]; zero where nothing is left.
 * Returns 0, or -1 when memory ran out. */
int fold_digests(const texts_t *texts, const uint32_t *table, uint64_t *out);

/* The same after NFKC, by the table of widths; entangled[k] is 1 where text k cannot be told from its characters. */
int fold_width_digests(const texts_t *texts, const uint32_t *table, const uint32_t *expansions, uint64_t *out,
                       uint8_t *entangled);

#endif
