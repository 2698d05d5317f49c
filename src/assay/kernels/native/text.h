/* Texts as bytes: UTF-8 decoding that is safe on any bytes, folding, and classes of characters.
 *
 * A table of TABLE_POINTS entries is handed in by Python (assay.kernels.characters), so that this module and the
 * Python reference agree on every character: bits 0-20 hold the lower-case code point, bits 24-25 the class. In the
 * table of widths bit 26 says that bits 0-20 are a place in the list of expansions instead (a count, then as many code
 * points), and bit 27 that the character cannot be normalised by itself.
 */
#ifndef ASSAY_TEXT_H
#define ASSAY_TEXT_H

#include <stdint.h>
#include <stddef.h>

#define TABLE_POINTS 0x20000u
#define POINT_MASK 0x1FFFFFu
#define CLASS_SHIFT 24
enum { CLASS_OTHER = 0, CLASS_SPACE = 1, CLASS_CJK = 2, CLASS_CJK_PUNCTUATION = 3 };

#define EXPANDS (1u << 26)
#define ENTANGLED (1u << 27)

static inline uint32_t class_of(uint32_t entry) { return entry >> CLASS_SHIFT & 3; }

/* n texts: text k is data[start[k]:end[k]]. */
typedef struct {
    const uint8_t *data;
    int64_t size;
    const int64_t *start;
    const int64_t *end;
    int64_t n;
} texts_t;

/* The next code point at *at, which is below end. Damaged UTF-8 gives U+FFFD and moves on by one byte. */
static inline uint32_t next_point(const uint8_t **at, const uint8_t *end) {
    const uint8_t *p = *at;
    uint32_t c = *p++;
    if (c >= 0x80) {
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        if (c < 0xC2 || c > 0xF4 || end - p < more) {
            *at = p;
            return 0xFFFD;
        }
        c &= 0x3Fu >> more;
        for (int k = 0; k < more; k++) {
            if ((p[k] & 0xC0) != 0x80) {
                *at = p;
                return 0xFFFD;
            }
            c = c << 6 | (p[k] & 0x3Fu);
        }
        p += more;
        if (c > 0x10FFFF) c = 0xFFFD;
    }
    *at = p;
    return c;
}

/* The table's entry of a code point; beyond the table lie Han (planes 2 and 3) and what has no case. */
static inline uint32_t entry_of(const uint32_t *table, uint32_t c) {
    if (c < TABLE_POINTS) return table[c];
    return c | (c < 0x40000 ? (uint32_t)CLASS_CJK << CLASS_SHIFT : 0);
}

/* U+0130 is the one character whose lower case is two code points. */
#define DOTTED_I 0x130u
#define COMBINING_DOT 0x307u

static inline uint64_t mix(uint64_t x) {
    x *= 0x9E3779B97F4A7C15ull;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ull;
    x ^= x >> 29;
    return x;
}

/* Lower case, runs of white space as one space, none at the ends. `out` has room for end - p points. */
int64_t fold_points(const uint8_t *p, const uint8_t *end, const uint32_t *table, uint32_t *out);

/* A character's expansion has at most so many code points; every such character has two bytes or more. */
#define MOST_EXPANDED 18

/* The same after NFKC, by the table of widths; -1 when a character is entangled with its neighbours. `out` has room
 * for MOST_EXPANDED * (end - p) points. */
int64_t fold_width_points(const uint8_t *p, const uint8_t *end, const uint32_t *table, const uint32_t *expansions,
                          uint32_t *out);

/* A digest of 128 bits of code points, for grouping what is then compared. */
void digest_points(const uint32_t *points, int64_t length, uint64_t out[2]);

/* Hashes of the n-point shingles of a text; a shorter text is one shingle, padded. Returns how many. */
int64_t shingle_hashes(const uint32_t *points, int64_t length, int n, uint64_t *out);

/* The longest text in bytes. */
int64_t longest(const texts_t *texts);

#endif
