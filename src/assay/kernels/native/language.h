/* The language of a text: code, script, little words; see assay.kernels.language, which says the same in Python.
 *
 * All that is known of characters, scripts and words comes from Python in tables (assay.kernels.language_tables); nothing
 * of it stands here.
 */
#ifndef ASSAY_LANGUAGE_H
#define ASSAY_LANGUAGE_H

#include "text.h"

/* Bits of the table of points, beside the point that a character becomes in bits 0-20. */
#define POINT_LETTER (1u << 24)    /* what it becomes may stand in a word */
#define POINT_SPACE (1u << 25)     /* the character itself is white space */
#define POINT_EXPANDS (1u << 26)   /* bits 0-20 are a place in the list of expansions: a count, then as many points */
#define POINT_ENTANGLED (1u << 27) /* it may combine with the character before it */
#define POINT_MARK (1u << 28)      /* it is, or its expansion ends in, a mark that changes places with other marks */
#define POINT_BREAK (1u << 29)     /* the character itself ends a line */

/* The tables, in the order in which Python gives them. */
enum {
    T_POINTS,          /* uint32[TABLE_POINTS] */
    T_EXPANSIONS,      /* uint32[...] */
    T_SCRIPTS,         /* uint8[0x110000]: the script of a code point, 0 for what is no letter */
    T_WEIGHTS,         /* double[scripts] */
    T_SCRIPT_LANGUAGE, /* uint32[scripts]: the language that a script gives away, or 0 */
    T_SCRIPT_WORDS,    /* int32[scripts]: the vocabulary of a script, or -1 */
    T_LANGUAGE_END,    /* int32[vocabularies]: where its languages end in T_LANGUAGES */
    T_LANGUAGES,       /* uint32[...] */
    T_SPELLED,         /* uint32[...]: the code points of marks, one mark behind the other */
    T_MARKS,           /* int32[marks][MARK_COLUMNS] */
    T_HOLDERS,         /* int32[...]: places of languages within their vocabulary */
    T_AMOUNTS,         /* double[holders][MOST_TIMES]: what 1, 2, 3 occurrences are worth to this holder */
    T_STRINGS,         /* uint32[...]: STRING_LISTS lists: a count, then as many strings: a length, then the points */
    T_LIMITS,          /* int64[7]: window, limit, words; Han, kana; the languages "unknown" and "code" */
    T_NUMBERS,         /* double[6]: letters, sure; symbols, lines; kana, lone kana */
    TABLES
};
enum { MARK_VOCABULARY, MARK_IS_LETTER, MARK_SPELLED, MARK_LENGTH, MARK_HOLDER, MARK_HOLDERS, MARK_COLUMNS };
enum { S_FENCES, S_SYMBOLS, S_STARTS, S_ENDS, S_WORDS, S_SQL, S_SENTENCES, S_INSIDE, S_CALLS, S_TAILS, S_COMMENTS,
       S_ADDRESSES, STRING_LISTS };
#define MOST_TIMES 3

typedef struct {
    const uint32_t *at;
    uint32_t count;
    uint8_t first[128];  /* whether a string begins with this character, or with one that is not ASCII (at 0) */
    uint8_t anchor[128]; /* the same of the character by which a string is found in a text, see `anchor_of` */
} strings_t;

/* Slots of an open hash: a mark's number + 1, or 0. */
typedef struct {
    uint32_t *slots;
    uint64_t mask;
    int longest;
    uint16_t *letter_of; /* [letter_limit]: a letter's number + 1 */
    uint32_t letter_limit;
    int32_t *letters; /* marks, by code point */
    int letter_count;
    const uint32_t *languages;
    int language_count;
} vocabulary_t;

typedef struct {
    const void *tables[TABLES];
    int64_t bytes[TABLES];
    int scripts, vocabularies, most_languages, most_letters;
    uint32_t ascii_script;
    uint32_t ascii[128]; /* 1 for a letter, SYMBOL for a symbol of programs */
    uint64_t *hashes;    /* of marks */
    vocabulary_t *vocabulary;
    strings_t strings[STRING_LISTS];
} language_t;

/* `tables` and `bytes` are given. Returns 0, -1 when memory ran out, -2 when the tables do not hold together. Whatever it
 * returns, `language_close` frees what was made. */
int language_open(language_t *model);
void language_close(language_t *model);

/* What both halves, language_tables.c and language.c, need to read the tables. */
#define SYMBOL 0x10000u /* what a symbol counts in `ascii`, a letter counts 1 */
enum { L_WINDOW, L_LIMIT, L_WORDS, L_HAN, L_KANA, L_UNKNOWN, L_CODE, LIMITS };
enum { N_LETTERS, N_SURE, N_SYMBOLS, N_LINES, N_KANA, N_LONE_KANA, NUMBERS };

static inline const uint32_t *points_of(const language_t *m) { return m->tables[T_POINTS]; }
static inline int64_t limit_of(const language_t *m, int which) { return ((const int64_t *)m->tables[T_LIMITS])[which]; }
static inline double number_of(const language_t *m, int which) { return ((const double *)m->tables[T_NUMBERS])[which]; }
static inline const int32_t *mark_of(const language_t *m, int64_t mark) {
    return (const int32_t *)m->tables[T_MARKS] + mark * MARK_COLUMNS;
}

static inline uint32_t raw_of(const language_t *m, uint32_t c) { return c < TABLE_POINTS ? points_of(m)[c] : 0; }

static inline uint64_t follow_word(uint64_t h, uint32_t c) { return (h ^ c) * 0x9E3779B97F4A7C15ull; }
static inline uint64_t slot_of(uint64_t h) { return h ^ h >> 32; }
#define WORD_START 0x452821E638D01377ull

/* A place in a string (a length, then the points) by which to look for it: letters are many in any text, others few. */
static inline uint32_t anchor_of(const uint32_t *s) {
    for (uint32_t k = 0; k < s[0]; k++)
        if (s[1 + k] < 128 && !(s[1 + k] >= 'a' && s[1 + k] <= 'z')) return k;
    return 0;
}

static inline uint32_t ascii_of(uint32_t c) { return c < 128 ? c : 0; }

enum { LANGUAGE_SURE, LANGUAGE_UNSURE, LANGUAGE_ASK };

/* language[k], confidence[k], and state[k]: LANGUAGE_UNSURE where little words were not sure, LANGUAGE_ASK where the
 * reference must answer. Returns 0, or -1 when memory ran out. */
int languages(const language_t *model, const texts_t *texts, uint32_t *language, double *confidence, uint8_t *state);

#endif
