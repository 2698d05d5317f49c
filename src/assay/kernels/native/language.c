#include "language.h"

#include <stdlib.h>
#include <string.h>

/* ---- Strings in a line of code points. */

/* The length of the string of a list that stands at p, 0 without one. */
static uint32_t standing(const strings_t *list, const uint32_t *p, const uint32_t *end) {
    if (p >= end || !list->first[ascii_of(*p)]) return 0;
    const uint32_t *s = list->at;
    for (uint32_t k = 0; k < list->count; k++, s += 1 + s[0])
        if (s[0] <= end - p && !memcmp(s + 1, p, s[0] * sizeof *p)) return s[0];
    return 0;
}

static int ends_with(const strings_t *list, const uint32_t *p, const uint32_t *end) {
    const uint32_t *s = list->at;
    for (uint32_t k = 0; k < list->count; k++, s += 1 + s[0])
        if (s[0] <= end - p && !memcmp(s + 1, end - s[0], s[0] * sizeof *p)) return 1;
    return 0;
}

static int holds(const strings_t *list, const uint32_t *p, const uint32_t *end) {
    for (const uint32_t *at = p; at < end; at++) {
        if (!list->anchor[ascii_of(*at)]) continue;
        const uint32_t *s = list->at;
        for (uint32_t k = 0; k < list->count; k++, s += 1 + s[0]) {
            uint32_t before = anchor_of(s);
            if (before <= at - p && s[0] <= end - at + before && !memcmp(s + 1, at - before, s[0] * sizeof *p)) return 1;
        }
    }
    return 0;
}

static int is_one_of(const strings_t *list, const uint32_t *p, const uint32_t *end) {
    if (p >= end || !list->first[ascii_of(*p)]) return 0;
    const uint32_t *s = list->at;
    for (uint32_t k = 0; k < list->count; k++, s += 1 + s[0])
        if (s[0] == end - p && !memcmp(s + 1, p, s[0] * sizeof *p)) return 1;
    return 0;
}

static inline int is_space(const language_t *m, uint32_t c) { return (raw_of(m, c) & POINT_SPACE) != 0; }

/* ---- Code. */

static int is_code_line(const language_t *m, const uint32_t *p, const uint32_t *end) {
    const strings_t *s = m->strings;
    if (standing(&s[S_STARTS], p, end) || ends_with(&s[S_ENDS], p, end)) return 1;
    const uint32_t *word = p, *first = p;
    while (word < end && !is_space(m, *word)) word++;
    const uint32_t *word_end = word;
    while (word_end > first && is_one_of(&s[S_TAILS], word_end - 1, word_end)) word_end--;
    if (is_one_of(&s[S_SQL], first, word_end)) return 1;
    if (is_one_of(&s[S_WORDS], first, word_end) && !ends_with(&s[S_SENTENCES], p, end) && holds(&s[S_CALLS], p, end))
        return 1;
    if (end[-1] == ')')
        for (const uint32_t *at = p; at < word; at++)
            if (*at == '(') {
                if (at > p) return 1;
                break;
            }
    for (int k = 1; k < 4 && word < end; k++) {
        while (word < end && is_space(m, *word)) word++;
        const uint32_t *start = word;
        while (word < end && !is_space(m, *word)) word++;
        if (word - start == 1 && *start == '=') return 1;
    }
    return holds(&s[S_INSIDE], p, end);
}

static int looks_like_code(const language_t *m, const uint32_t *p, const uint32_t *end) {
    int lines = 0, comments = 0, found = 0;
    while (p < end) {
        const uint32_t *stop = p;
        while (stop < end && !(raw_of(m, *stop) & POINT_BREAK)) stop++;
        const uint32_t *next = stop < end ? stop + 1 : end;
        while (p < stop && is_space(m, *p)) p++;
        while (p < stop && is_space(m, stop[-1])) stop--;
        if (p < stop) {
            lines++;
            comments += standing(&m->strings[S_COMMENTS], p, stop) != 0;
            found += is_code_line(m, p, stop);
        }
        p = next;
    }
    return found > 0 && found >= number_of(m, N_LINES) * (lines - comments);
}

/* ---- The head of a text. */

static int64_t decode(const uint8_t *p, const uint8_t *end, int64_t limit, uint32_t *out) {
    int64_t n = 0;
    while (n < limit && p < end) {
        uint32_t c = *p;
        if (c < 0x80) {
            p++;
        } else if (c >= 0xC2 && c < 0xE0 && end - p >= 2 && (p[1] & 0xC0) == 0x80) {
            c = (c & 31) << 6 | (p[1] & 63u);
            p += 2;
        } else if ((c & 0xF0) == 0xE0 && end - p >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
            c = (c & 15) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
            p += 3;
        } else {
            c = next_point(&p, end);
        }
        out[n++] = c;
    }
    return n;
}

/* Whether a fence lies within the window. */
static int has_fence(const language_t *m, const uint8_t *text, const uint8_t *end) {
    int64_t window = limit_of(m, L_WINDOW);
    const uint32_t *s = m->strings[S_FENCES].at;
    if (end - text > 4 * window) end = text + 4 * window;
    for (uint32_t k = 0; k < m->strings[S_FENCES].count; k++, s += 1 + s[0]) {
        const uint8_t *at = text;
        while (at < end && (at = memchr(at, (int)s[1], (size_t)(end - at)))) {
            uint32_t same = 1;
            while (same < s[0] && at + same < end && at[same] == s[1 + same]) same++;
            if (same < s[0]) {
                at++;
                continue;
            }
            int64_t before = 0;
            for (const uint8_t *p = text; p < at; p++) before += (*p & 0xC0) != 0x80;
            if (before + s[0] <= window) return 1;
            break;
        }
    }
    return 0;
}

/* Every second part between fences, joined by line feeds; how many points are left. */
static int64_t without_blocks(const language_t *m, uint32_t *points, int64_t n) {
    const uint32_t *s = m->strings[S_FENCES].at;
    for (uint32_t k = 0; k < m->strings[S_FENCES].count; k++, s += 1 + s[0]) {
        int64_t kept = 0;
        int inside = 0;
        for (int64_t i = 0; i < n;) {
            if (s[0] <= n - i && !memcmp(s + 1, points + i, s[0] * sizeof *points)) {
                i += s[0];
                if (inside) points[kept++] = '\n'; /* a fence is no shorter than the line feed for it */
                inside = !inside;
            } else if (inside) {
                i++;
            } else {
                points[kept++] = points[i++];
            }
        }
        n = kept;
    }
    return n;
}

/* The head of a text to `points`, `*start` the first that counts; how many there are. */
static int64_t head_of(const language_t *m, const uint8_t *p, const uint8_t *end, int fenced, uint32_t *points,
                       uint32_t **start) {
    int64_t window = limit_of(m, L_WINDOW), limit = limit_of(m, L_LIMIT);
    *start = points;
    if (!fenced) {
        while (window > 0 && p < end) {
            const uint8_t *next = p;
            if (!is_space(m, next_point(&next, end))) break;
            p = next;
            window--;
        }
        return decode(p, end, window < limit ? window : limit, points);
    }
    int64_t n = without_blocks(m, points, decode(p, end, window, points));
    while (n && is_space(m, **start)) (*start)++, n--;
    return n < limit ? n : limit;
}

/* ---- Little words. */

static int holds_address(const language_t *m, const uint32_t *p, const uint32_t *end) {
    return holds(&m->strings[S_ADDRESSES], p, end);
}

/* The words that hold no address, joined by spaces; how many points are left. */
static int64_t without_addresses(const language_t *m, uint32_t *points, int64_t n) {
    if (!holds_address(m, points, points + n)) return n;
    int64_t kept = 0;
    for (int64_t i = 0; i < n;) {
        while (i < n && is_space(m, points[i])) i++;
        int64_t start = i;
        while (i < n && !is_space(m, points[i])) i++;
        if (i == start || holds_address(m, points + start, points + i)) continue;
        if (kept) points[kept++] = ' ';
        memmove(points + kept, points + start, (size_t)(i - start) * sizeof *points);
        kept += i - start;
    }
    return kept;
}

/* Normalised and in lower case, with POINT_LETTER where it is one; -1 where characters hang on each other. */
static int64_t lowered(const language_t *m, const uint32_t *p, int64_t n, uint32_t *out) {
    const uint32_t *table = points_of(m), *list = m->tables[T_EXPANSIONS];
    int64_t made = 0;
    int after_mark = 0;
    for (int64_t k = 0; k < n; k++) {
        if (p[k] >= TABLE_POINTS) return -1;
        uint32_t entry = table[p[k]];
        if (entry & (POINT_EXPANDS | POINT_ENTANGLED | POINT_MARK)) {
            if (entry & POINT_ENTANGLED || (after_mark && !(entry & POINT_EXPANDS))) return -1;
            after_mark = (entry & POINT_MARK) != 0;
            if (entry & POINT_EXPANDS) {
                const uint32_t *of = list + (entry & POINT_MASK);
                for (uint32_t i = 1; i <= of[0]; i++) out[made++] = of[i];
                continue;
            }
        } else {
            after_mark = 0;
        }
        out[made++] = entry;
    }
    return made;
}

/* The mark that a word is, or -1. */
static int64_t word_of(const language_t *m, const vocabulary_t *v, const uint32_t *p, int64_t length, uint64_t h) {
    if (length > v->longest) return -1;
    for (uint64_t slot = slot_of(h) & v->mask; v->slots[slot]; slot = (slot + 1) & v->mask) {
        int64_t number = (int64_t)v->slots[slot] - 1;
        if (m->hashes[number] != h) continue;
        const int32_t *mark = mark_of(m, number);
        const uint32_t *spelled = (const uint32_t *)m->tables[T_SPELLED] + mark[MARK_SPELLED];
        if (mark[MARK_LENGTH] != length) continue;
        int64_t same = 0;
        while (same < length && (p[same] & POINT_MASK) == spelled[same]) same++;
        if (same == length) return number;
    }
    return -1;
}

static void add(const language_t *m, int64_t number, int times, double *scores) {
    const int32_t *mark = mark_of(m, number);
    const int32_t *holder = (const int32_t *)m->tables[T_HOLDERS] + mark[MARK_HOLDER];
    const double *amount = (const double *)m->tables[T_AMOUNTS] + (int64_t)mark[MARK_HOLDER] * MOST_TIMES + times - 1;
    for (int k = 0; k < mark[MARK_HOLDERS]; k++) scores[holder[k]] += amount[(int64_t)k * MOST_TIMES];
}

static void add_words(const language_t *m, const vocabulary_t *v, const uint32_t *p, int64_t n, double *scores) {
    for (int64_t i = 0; i < n;) {
        if (!(p[i] & POINT_LETTER)) {
            i++;
            continue;
        }
        int64_t start = i;
        uint64_t h = WORD_START;
        do {
            h = follow_word(h, p[i++] & POINT_MASK);
            if (i + 1 < n && (p[i] == '\'' || p[i] == '-') && p[i + 1] & POINT_LETTER) h = follow_word(h, p[i++]);
        } while (i < n && p[i] & POINT_LETTER);
        int64_t number = word_of(m, v, p + start, i - start, h);
        if (number >= 0) add(m, number, 1, scores);
    }
}

static void add_letters(const language_t *m, const vocabulary_t *v, const uint32_t *p, int64_t n, uint32_t *counts,
                        double *scores) {
    memset(counts, 0, ((size_t)v->letter_count + 1) * sizeof *counts);
    int any = 0;
    for (int64_t k = 0; k < n; k++) {
        uint32_t c = p[k] & POINT_MASK;
        if (c < 0x80 || c >= v->letter_limit) continue;
        counts[v->letter_of[c]]++;
        any = 1;
    }
    for (int k = 0; any && k < v->letter_count; k++)
        if (counts[k + 1]) add(m, v->letters[k], counts[k + 1] < MOST_TIMES ? (int)counts[k + 1] : MOST_TIMES, scores);
}

/* ---- The answer. */

typedef struct {
    uint32_t *points, *low, *letters;
    double *scores;
} scratch_t;

typedef struct {
    uint32_t language;
    double confidence;
    uint8_t state;
} answer_t;

static answer_t by_words(const language_t *m, const vocabulary_t *v, scratch_t *scratch, uint32_t *head, int64_t n,
                         double share) {
    answer_t unknown = {(uint32_t)limit_of(m, L_UNKNOWN), 0.0, LANGUAGE_UNSURE};
    n = without_addresses(m, head, n);
    n = lowered(m, head, n < limit_of(m, L_WORDS) ? n : limit_of(m, L_WORDS), scratch->low);
    if (n < 0) return (answer_t){unknown.language, 0.0, LANGUAGE_ASK};
    double *scores = scratch->scores;
    for (int k = 0; k < v->language_count; k++) scores[k] = 0.0;
    add_words(m, v, scratch->low, n, scores);
    add_letters(m, v, scratch->low, n, scratch->letters, scores);
    int place = 0;
    for (int k = 1; k < v->language_count; k++)
        if (scores[k] > scores[place]) place = k;
    double best = scores[place], second = 0.0;
    if (best <= 0.0) return unknown;
    scores[place] = 0.0;
    for (int k = 0; k < v->language_count; k++)
        if (scores[k] > second) second = scores[k];
    double sure = (1.0 - 0.5 * second / best) * best / (best + 0.5);
    return (answer_t){v->languages[place], sure * share, sure < number_of(m, N_SURE) ? LANGUAGE_UNSURE : LANGUAGE_SURE};
}

static answer_t answer(const language_t *m, scratch_t *scratch, const uint8_t *text, const uint8_t *end) {
    const uint8_t *scripts = m->tables[T_SCRIPTS];
    const double *weights = m->tables[T_WEIGHTS];
    answer_t code = {(uint32_t)limit_of(m, L_CODE), 1.0, LANGUAGE_SURE};
    int fenced = has_fence(m, text, end);
    uint32_t *head, ascii = 0, counts[256] = {0};
    int64_t n = head_of(m, text, end, fenced, scratch->points, &head);
    for (int64_t k = 0; k < n; k++) {
        if (head[k] < 0x80) {
            ascii += m->ascii[head[k]];
        } else {
            counts[scripts[head[k]]]++;
        }
    }
    uint32_t symbols = ascii / SYMBOL;
    if (symbols >= 2 && symbols >= number_of(m, N_SYMBOLS) * (double)n && looks_like_code(m, head, head + n)) return code;
    counts[m->ascii_script] += ascii % SYMBOL;
    counts[0] = 0;
    int64_t han = limit_of(m, L_HAN), kana = limit_of(m, L_KANA);
    double share = number_of(m, counts[kana] > 1 ? N_KANA : N_LONE_KANA), both = counts[kana] + counts[han];
    double weighed[256] = {0}, total = 0.0;
    for (int k = 0; k < m->scripts; k++) weighed[k] = counts[k] * weights[k];
    int japanese = counts[kana] > 0 && counts[kana] >= share * both;
    weighed[japanese ? kana : han] += weighed[japanese ? han : kana];
    weighed[japanese ? han : kana] = 0.0;
    int best = 0;
    for (int k = 0; k < m->scripts; k++) {
        total += weighed[k];
        if (weighed[k] > weighed[best]) best = k;
    }
    if (weighed[best] < number_of(m, N_LETTERS))
        return fenced ? code : (answer_t){(uint32_t)limit_of(m, L_UNKNOWN), 0.0, LANGUAGE_SURE};
    share = weighed[best] / total;
    uint32_t certain = ((const uint32_t *)m->tables[T_SCRIPT_LANGUAGE])[best];
    int32_t words = ((const int32_t *)m->tables[T_SCRIPT_WORDS])[best];
    if (certain) return (answer_t){certain, share, LANGUAGE_SURE};
    if (words < 0) return (answer_t){(uint32_t)limit_of(m, L_UNKNOWN), 0.0, LANGUAGE_ASK};
    return by_words(m, &m->vocabulary[words], scratch, head, n, share);
}

int languages(const language_t *m, const texts_t *texts, uint32_t *language, double *confidence, uint8_t *state) {
    scratch_t scratch = {
        malloc(((size_t)limit_of(m, L_WINDOW) + 1) * sizeof *scratch.points),
        malloc(((size_t)limit_of(m, L_WORDS) + 1) * MOST_EXPANDED * sizeof *scratch.low),
        malloc(((size_t)m->most_letters + 1) * sizeof *scratch.letters),
        malloc(((size_t)m->most_languages + 1) * sizeof *scratch.scores),
    };
    int failed = scratch.points && scratch.low && scratch.letters && scratch.scores ? 0 : -1;
    for (int64_t row = 0; row < texts->n && !failed; row++) {
        answer_t found = answer(m, &scratch, texts->data + texts->start[row], texts->data + texts->end[row]);
        language[row] = found.language;
        confidence[row] = found.confidence;
        state[row] = found.state;
    }
    free(scratch.points);
    free(scratch.low);
    free(scratch.letters);
    free(scratch.scores);
    return failed;
}
