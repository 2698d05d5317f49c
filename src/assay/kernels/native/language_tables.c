/* Opening: every place that a table names is checked once. */
#include "language.h"

#include <stdlib.h>

#define MOST_WINDOW 32768
#define MOST_LANGUAGES 1024

static int read_strings(language_t *m) {
    const uint32_t *at = m->tables[T_STRINGS];
    int64_t left = m->bytes[T_STRINGS] / 4;
    for (int k = 0; k < STRING_LISTS; k++) {
        strings_t *list = &m->strings[k];
        if (left < 1) return -2;
        list->count = *at++;
        list->at = at;
        left--;
        for (uint32_t i = 0; i < list->count; i++) {
            if (left < 2 || at[0] < 1 || at[0] > left - 1) return -2;
            list->first[ascii_of(at[1])] = 1;
            list->anchor[ascii_of(at[1 + anchor_of(at)])] = 1;
            left -= 1 + (int64_t)at[0];
            at += 1 + at[0];
        }
    }
    const uint32_t *fence = m->strings[S_FENCES].at; /* looked for among bytes */
    for (uint32_t k = 0; k < m->strings[S_FENCES].count; k++, fence += 1 + fence[0])
        for (uint32_t i = 1; i <= fence[0]; i++)
            if (fence[i] >= 128) return -2;
    return 0;
}

static int check_sizes(const language_t *m) {
    static const int of_scripts[] = {T_WEIGHTS, T_SCRIPT_LANGUAGE, T_SCRIPT_WORDS};
    if (m->bytes[T_POINTS] < (int64_t)TABLE_POINTS * 4 || m->bytes[T_SCRIPTS] < 0x110000 ||
        m->bytes[T_LIMITS] < LIMITS * 8 || m->bytes[T_NUMBERS] < NUMBERS * 8 || m->scripts < 1 || m->scripts > 256)
        return -2;
    for (int k = 1; k < 3; k++)
        if (m->bytes[of_scripts[k]] < (int64_t)m->scripts * 4) return -2;
    int64_t window = limit_of(m, L_WINDOW), limit = limit_of(m, L_LIMIT), words = limit_of(m, L_WORDS);
    if (window < 1 || window > MOST_WINDOW || limit < 0 || limit > window || words < 0 || words > limit) return -2;
    for (int k = L_HAN; k <= L_KANA; k++)
        if (limit_of(m, k) < 0 || limit_of(m, k) >= m->scripts) return -2;
    const uint8_t *scripts = m->tables[T_SCRIPTS];
    for (uint32_t c = 0; c < 0x110000; c++)
        if (scripts[c] >= m->scripts) return -2;
    const uint32_t *points = points_of(m), *list = m->tables[T_EXPANSIONS];
    int64_t count = m->bytes[T_EXPANSIONS] / 4;
    for (uint32_t c = 0; c < TABLE_POINTS; c++) {
        int64_t at = points[c] & POINT_MASK;
        if (points[c] & POINT_EXPANDS && (at >= count || list[at] > MOST_EXPANDED || at + list[at] >= count)) return -2;
    }
    return 0;
}

static int read_ascii(language_t *m) {
    const uint8_t *scripts = m->tables[T_SCRIPTS];
    for (uint32_t c = 0; c < 128; c++) {
        if (!scripts[c]) continue;
        if (m->ascii_script && m->ascii_script != scripts[c]) return -2;
        m->ascii_script = scripts[c];
        m->ascii[c] = 1;
    }
    for (uint32_t c = 0; c < 128; c++)
        if (m->strings[S_SYMBOLS].first[c]) m->ascii[c] |= SYMBOL;
    return 0;
}

static int read_vocabularies(language_t *m) {
    const int32_t *ends = m->tables[T_LANGUAGE_END], *of = m->tables[T_SCRIPT_WORDS];
    m->vocabularies = (int)(m->bytes[T_LANGUAGE_END] / 4);
    if (m->vocabularies > 256) return -2;
    if (!(m->vocabulary = calloc((size_t)m->vocabularies + 1, sizeof *m->vocabulary))) return -1;
    for (int k = 0, start = 0; k < m->vocabularies; start = ends[k++]) {
        int count = ends[k] - start;
        if (ends[k] < start || ends[k] > m->bytes[T_LANGUAGES] / 4 || count < 1 || count > MOST_LANGUAGES) return -2;
        m->vocabulary[k].languages = (const uint32_t *)m->tables[T_LANGUAGES] + start;
        m->vocabulary[k].language_count = count;
        if (count > m->most_languages) m->most_languages = count;
    }
    for (int k = 0; k < m->scripts; k++)
        if (of[k] < -1 || of[k] >= m->vocabularies) return -2;
    return 0;
}

static int check_mark(const language_t *m, const int32_t *mark) {
    int64_t spelled = m->bytes[T_SPELLED] / 4, holders = m->bytes[T_HOLDERS] / 4;
    if (holders > m->bytes[T_AMOUNTS] / (8 * MOST_TIMES)) return -2;
    if (mark[MARK_VOCABULARY] < 0 || mark[MARK_VOCABULARY] >= m->vocabularies) return -2;
    if (mark[MARK_SPELLED] < 0 || mark[MARK_LENGTH] < 1 || mark[MARK_LENGTH] > spelled - mark[MARK_SPELLED]) return -2;
    if (mark[MARK_HOLDER] < 0 || mark[MARK_HOLDERS] < 0 || mark[MARK_HOLDERS] > holders - mark[MARK_HOLDER]) return -2;
    const int32_t *holder = (const int32_t *)m->tables[T_HOLDERS] + mark[MARK_HOLDER];
    for (int k = 0; k < mark[MARK_HOLDERS]; k++)
        if (holder[k] < 0 || holder[k] >= m->vocabulary[mark[MARK_VOCABULARY]].language_count) return -2;
    uint32_t first = ((const uint32_t *)m->tables[T_SPELLED])[mark[MARK_SPELLED]];
    return mark[MARK_IS_LETTER] && (mark[MARK_LENGTH] != 1 || first < 0x80 || first >= TABLE_POINTS) ? -2 : 0;
}

static void place_word(language_t *m, int64_t number) {
    const int32_t *mark = mark_of(m, number);
    const uint32_t *spelled = (const uint32_t *)m->tables[T_SPELLED] + mark[MARK_SPELLED];
    vocabulary_t *v = &m->vocabulary[mark[MARK_VOCABULARY]];
    uint64_t h = WORD_START;
    for (int k = 0; k < mark[MARK_LENGTH]; k++) h = follow_word(h, spelled[k]);
    m->hashes[number] = h;
    if (mark[MARK_LENGTH] > v->longest) v->longest = mark[MARK_LENGTH];
    uint64_t slot = slot_of(h) & v->mask;
    while (v->slots[slot]) slot = (slot + 1) & v->mask;
    v->slots[slot] = (uint32_t)number + 1;
}

static int read_marks(language_t *m) {
    int64_t marks = m->bytes[T_MARKS] / 4 / MARK_COLUMNS;
    const uint32_t *spelled = m->tables[T_SPELLED];
    if (marks > 1 << 20) return -2;
    if (!(m->hashes = calloc((size_t)marks + 1, sizeof *m->hashes))) return -1;
    uint64_t room = 16;
    while (room < 4 * (uint64_t)marks) room *= 2;
    for (int k = 0; k < m->vocabularies; k++) {
        vocabulary_t *v = &m->vocabulary[k];
        v->mask = room - 1;
        if (!(v->slots = calloc((size_t)room, sizeof *v->slots)) ||
            !(v->letters = calloc((size_t)marks + 1, sizeof *v->letters)))
            return -1;
    }
    for (int64_t k = 0; k < marks; k++) {
        const int32_t *mark = mark_of(m, k);
        if (check_mark(m, mark)) return -2;
        vocabulary_t *v = &m->vocabulary[mark[MARK_VOCABULARY]];
        if (!mark[MARK_IS_LETTER]) {
            place_word(m, k);
        } else {
            if (v->letter_count >= UINT16_MAX) return -2;
            v->letters[v->letter_count++] = (int32_t)k;
            if (v->letter_count > m->most_letters) m->most_letters = v->letter_count;
            if (spelled[mark[MARK_SPELLED]] >= v->letter_limit) v->letter_limit = spelled[mark[MARK_SPELLED]] + 1;
        }
    }
    for (int k = 0; k < m->vocabularies; k++) {
        vocabulary_t *v = &m->vocabulary[k];
        if (!(v->letter_of = calloc((size_t)v->letter_limit + 1, sizeof *v->letter_of))) return -1;
        for (int i = 0; i < v->letter_count; i++)
            v->letter_of[spelled[mark_of(m, v->letters[i])[MARK_SPELLED]]] = (uint16_t)(i + 1);
    }
    return 0;
}

int language_open(language_t *m) {
    m->scripts = (int)(m->bytes[T_WEIGHTS] / 8 < 1000 ? m->bytes[T_WEIGHTS] / 8 : 1000);
    int failed = check_sizes(m);
    if (!failed) failed = read_strings(m);
    if (!failed) failed = read_ascii(m);
    if (!failed) failed = read_vocabularies(m);
    return failed ? failed : read_marks(m);
}

void language_close(language_t *m) {
    for (int k = 0; m->vocabulary && k < m->vocabularies; k++) {
        free(m->vocabulary[k].slots);
        free(m->vocabulary[k].letters);
        free(m->vocabulary[k].letter_of);
    }
    free(m->vocabulary);
    free(m->hashes);
}
