#include "words.h"

#include <stdlib.h>
#include <string.h>

void count_units(const texts_t *texts, const uint32_t *table, int64_t *out) {
    for (int64_t row = 0; row < texts->n; row++) {
        const uint8_t *p = texts->data + texts->start[row], *end = texts->data + texts->end[row];
        int64_t units = 0;
        int inside = 0;
        while (p < end) {
            uint32_t c = *p < 0x80 ? *p++ : next_point(&p, end);
            uint32_t class = class_of(entry_of(table, c));
            if (class == CLASS_OTHER) {
                units += !inside;
                inside = 1;
            } else {
                units += class == CLASS_CJK;
                inside = 0;
            }
        }
        out[row] = units;
    }
}

/* A set of 64-bit values that grows. */
typedef struct {
    uint64_t *slots;
    uint64_t room, count;
} seen_t;

static int renew(seen_t *seen, uint64_t expected) {
    uint64_t room = 64;
    while (room < 2 * expected) room *= 2;
    if (room > seen->room) {
        uint64_t *slots = realloc(seen->slots, (size_t)room * sizeof *slots);
        if (!slots) return -1;
        seen->slots = slots;
        seen->room = room;
    }
    memset(seen->slots, 0, (size_t)room * sizeof *seen->slots);
    seen->count = room - 1; /* the mask of this use */
    return 0;
}

/* 1 when the value is new. */
static int add(seen_t *seen, uint64_t value) {
    uint64_t mask = seen->count, slot = value >> 17 & mask;
    value |= !value;
    while (seen->slots[slot]) {
        if (seen->slots[slot] == value) return 0;
        slot = (slot + 1) & mask;
    }
    seen->slots[slot] = value;
    return 1;
}

static inline uint64_t extend(uint64_t h, uint32_t point) {
    h = (h ^ point) * 0x9E3779B97F4A7C15ull;
    return h ^ h >> 29;
}

#define WORD_SEED 0x452821E638D01377ull

/* The hashes of a text's units in lower case, one after the other. */
static int64_t unit_hashes(const uint8_t *p, const uint8_t *end, const uint32_t *table, uint64_t *out) {
    int64_t n = 0;
    uint64_t h = 0;
    int inside = 0;
    while (p < end) {
        uint32_t c = *p < 0x80 ? *p++ : next_point(&p, end);
        uint32_t entry = entry_of(table, c), class = class_of(entry);
        if (class == CLASS_OTHER) {
            if (!inside) h = WORD_SEED;
            inside = 1;
            h = c == DOTTED_I ? extend(extend(h, 'i'), COMBINING_DOT) : extend(h, entry & POINT_MASK);
            continue;
        }
        if (inside) out[n++] = h;
        inside = 0;
        if (class == CLASS_CJK) out[n++] = extend(WORD_SEED, entry & POINT_MASK);
    }
    if (inside) out[n++] = h;
    return n;
}

int repeated_bigrams(const texts_t *texts, const uint32_t *table, double *ratio, int64_t *units) {
    uint64_t *hashes = malloc(((size_t)longest(texts) + 1) * sizeof *hashes);
    seen_t seen = {NULL, 0, 0};
    int failed = hashes ? 0 : -1;
    for (int64_t row = 0; row < texts->n && !failed; row++) {
        int64_t n = unit_hashes(texts->data + texts->start[row], texts->data + texts->end[row], table, hashes);
        units[row] = n;
        ratio[row] = 0.0;
        if (n < 2) continue;
        if (renew(&seen, (uint64_t)n) < 0) {
            failed = -1;
            break;
        }
        int64_t distinct = 0;
        for (int64_t k = 0; k + 1 < n; k++) distinct += add(&seen, mix(hashes[k] + mix(hashes[k + 1])));
        ratio[row] = 1.0 - (double)distinct / (double)(n - 1);
    }
    free(hashes);
    free(seen.slots);
    return failed;
}

static int is_control(uint32_t c) { return (c < 32 && (c < 9 || c == 11 || (c > 13 && c < 27) || c > 27)) || c == 127; }

/* A number as people write it: digits with at most two of " .-()+" between one and the next. */
typedef struct {
    unsigned digits, points, gap, long_number;
    int colon; /* -1, or how many hexadecimal digits stand since a colon or hyphen that follows one */
    int hex_before, colons;
    uint64_t tail; /* the last eight characters in lower case, 0 for one beyond ASCII */
    int cue;
    uint32_t before; /* the last character */
    int plate, plate_digits, plates;
} number_t;

#define LAST(n) (((uint64_t)1 << 8 * (n)) - 1)

static void follow_number(number_t *at, uint32_t c, int after_han) {
    int is_digit = c - '0' < 10;
    int is_hex = is_digit || (c | 32) - 'a' < 6;
    if (is_digit) {
        at->digits++;
        at->gap = 0;
        at->long_number |= at->digits >= 6 || (at->digits >= 4 && at->points >= 3);
    } else if (at->digits && at->gap < 2 && (c == ' ' || c == '.' || c == '-' || c == '(' || c == ')' || c == '+')) {
        at->gap++;
        at->points += c == '.';
    } else {
        at->digits = at->points = at->gap = 0;
    }
    if (after_han && c - 'A' < 26) {
        at->plate = 8;
        at->plate_digits = 0;
    } else if (at->plate > 0) {
        at->plate--;
        at->plate_digits += is_digit;
        at->plates |= at->plate_digits >= 3;
        if (c == '\n') at->plate = 0;
    }
    if (c == 0x4FE1) at->cue |= at->before == 0x5FAE || at->before == 0x5A01; /* two spellings of WeChat */
    if (c == 0x5B9D || c == 0x5BF6) at->cue |= at->before == 0x4ED8;          /* Alipay */
    at->before = c;
    at->tail = at->tail << 8 | (c - 'A' < 26 ? c + 32 : c < 0x80 ? c : 0);
    at->cue |= (at->tail & LAST(5)) == 0x6563686174 /* echat */ || (at->tail & LAST(5)) == 0x6C69706179 /* lipay */ ||
               (at->tail & LAST(2)) == 0x7171 /* qq */;
    if (c == ':' || c == '-') {
        at->colons |= at->colon >= 0;
        at->colon = at->colon >= 0 || at->hex_before ? 0 : -1;
    } else if (at->colon >= 0 && is_hex && at->colon < 4) {
        at->colon++;
    } else {
        at->colon = -1;
    }
    at->hex_before = is_hex;
}

/* The plain form of a full-width character that numbers and addresses are written with. */
static uint32_t narrow(uint32_t c) { return c >= 0xFF01 && c <= 0xFF5E ? c - 0xFEE0 : c; }

void glance(const texts_t *texts, const uint32_t *table, uint8_t *out) {
    for (int64_t row = 0; row < texts->n; row++) {
        const uint8_t *p = texts->data + texts->start[row], *end = texts->data + texts->end[row];
        unsigned bits = 0;
        number_t number = {.colon = -1};
        int after_han = 0;
        while (p < end) {
            uint32_t c = *p;
            if (c < 0x80) {
                p++;
                if (is_control(c)) bits |= GLANCE_CONTROLS;
            } else {
                c = next_point(&p, end);
                bits |= GLANCE_NOT_ASCII;
            }
            if (class_of(entry_of(table, c)) != CLASS_SPACE) bits |= GLANCE_WORDS;
            if (c >= 0x80) c = narrow(c);
            if (c == '@') bits |= GLANCE_AT;
            follow_number(&number, c, after_han);
            after_han = c >= 0x80 && class_of(entry_of(table, c)) == CLASS_CJK;
        }
        if (number.long_number) bits |= GLANCE_NUMBER;
        if (number.colons) bits |= GLANCE_COLONS;
        if (number.cue) bits |= GLANCE_CUE;
        if (number.plates) bits |= GLANCE_PLATE;
        out[row] = (uint8_t)bits;
    }
}

int fold_width_digests(const texts_t *texts, const uint32_t *table, const uint32_t *expansions, uint64_t *out,
                       uint8_t *entangled) {
    uint32_t *points = malloc(((size_t)longest(texts) + 1) * MOST_EXPANDED * sizeof *points);
    if (!points) return -1;
    for (int64_t row = 0; row < texts->n; row++) {
        int64_t length = fold_width_points(texts->data + texts->start[row], texts->data + texts->end[row], table,
                                           expansions, points);
        entangled[row] = length < 0;
        out[2 * row] = out[2 * row + 1] = 0;
        if (length > 0) digest_points(points, length, out + 2 * row);
    }
    free(points);
    return 0;
}

int fold_digests(const texts_t *texts, const uint32_t *table, uint64_t *out) {
    uint32_t *points = malloc(((size_t)longest(texts) + 16) * sizeof *points);
    if (!points) return -1;
    for (int64_t row = 0; row < texts->n; row++) {
        int64_t length =
            fold_points(texts->data + texts->start[row], texts->data + texts->end[row], table, points);
        if (length) {
            digest_points(points, length, out + 2 * row);
        } else {
            out[2 * row] = out[2 * row + 1] = 0;
        }
    }
    free(points);
    return 0;
}
