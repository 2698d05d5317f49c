#include "records.h"

#include <string.h>

static int is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static const uint8_t *skip_blank(const uint8_t *p, const uint8_t *end) {
    while (p < end && is_blank(*p)) p++;
    return p;
}

static int hex4(const uint8_t *p, uint32_t *out) {
    uint32_t value = 0;
    for (int k = 0; k < 4; k++) {
        uint32_t c = p[k], digit;
        if (c - '0' < 10) digit = c - '0';
        else if ((c | 32) - 'a' < 6) digit = (c | 32) - 'a' + 10;
        else return -1;
        value = value << 4 | digit;
    }
    *out = value;
    return 0;
}

static uint8_t *put_point(uint8_t *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (uint8_t)c;
    } else if (c < 0x800) {
        *to++ = (uint8_t)(0xC0 | c >> 6);
        *to++ = (uint8_t)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *to++ = (uint8_t)(0xE0 | c >> 12);
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        *to++ = (uint8_t)(0x80 | (c & 0x3F));
    } else {
        *to++ = (uint8_t)(0xF0 | c >> 18);
        *to++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        *to++ = (uint8_t)(0x80 | (c & 0x3F));
    }
    return to;
}

/* The length of a well-formed sequence beyond ASCII (RFC 3629), 0 for a damaged one. */
static int sequence(const uint8_t *p, const uint8_t *end) {
    uint8_t a = p[0];
    int size = a >= 0xF0 ? 4 : a >= 0xE0 ? 3 : 2;
    if (a < 0xC2 || a > 0xF4 || end - p < size) return 0;
    for (int k = 1; k < size; k++)
        if ((p[k] & 0xC0) != 0x80) return 0;
    if (a == 0xE0 && p[1] < 0xA0) return 0;
    if (a == 0xED && p[1] > 0x9F) return 0;
    if (a == 0xF0 && p[1] < 0x90) return 0;
    if (a == 0xF4 && p[1] > 0x8F) return 0;
    return size;
}

/* An escape after its backslash, at p. Moves both ends; NULL when it is damaged or names half a pair. */
static const uint8_t *unescape(const uint8_t *p, const uint8_t *end, uint8_t **to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (p >= end) return NULL;
    if (*p != 'u') {
        const char *at = *p ? strchr(from, *p) : NULL;
        if (!at) return NULL;
        *(*to)++ = (uint8_t)into[at - from];
        return p + 1;
    }
    uint32_t c, low;
    if (end - p < 5 || hex4(p + 1, &c) < 0) return NULL;
    p += 5;
    if (c - 0xD800 < 0x800) {
        if (c >= 0xDC00 || end - p < 6 || p[0] != '\\' || p[1] != 'u' || hex4(p + 2, &low) < 0) return NULL;
        if (low - 0xDC00 >= 0x400) return NULL;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    *to = put_point(*to, c);
    return p;
}

/* A JSON string whose opening quote was read: its characters to *to. NULL when it is damaged. */
static const uint8_t *read_string(const uint8_t *p, const uint8_t *end, uint8_t **to) {
    uint8_t *out = *to;
    while (p < end) {
        uint8_t c = *p;
        if (c == '"') {
            *to = out;
            return p + 1;
        }
        if (c == '\\') {
            p = unescape(p + 1, end, &out);
            if (!p) return NULL;
        } else if (c < 0x20) {
            return NULL;
        } else if (c < 0x80) {
            *out++ = c;
            p++;
        } else {
            int size = sequence(p, end);
            if (!size) return NULL;
            for (int k = 0; k < size; k++) *out++ = p[k];
            p += size;
        }
    }
    return NULL;
}

/* The characters of a JSON string as RFC 8785 spells them, without the quotes. */
static uint8_t *put_string(uint8_t *to, const uint8_t *p, const uint8_t *end) {
    static const char hex[] = "0123456789abcdef";
    for (; p < end; p++) {
        uint8_t c = *p;
        if (c >= 0x20 && c != '"' && c != '\\') {
            *to++ = c;
            continue;
        }
        *to++ = '\\';
        switch (c) {
            case '"': case '\\': *to++ = c; break;
            case '\b': *to++ = 'b'; break;
            case '\f': *to++ = 'f'; break;
            case '\n': *to++ = 'n'; break;
            case '\r': *to++ = 'r'; break;
            case '\t': *to++ = 't'; break;
            default:
                memcpy(to, "u00", 3);
                to[3] = (uint8_t)hex[c >> 4];
                to[4] = (uint8_t)hex[c & 15];
                to += 5;
        }
    }
    return to;
}

static uint8_t *put(uint8_t *to, const char *words) {
    size_t size = strlen(words);
    memcpy(to, words, size);
    return to + size;
}

enum { QUESTION, MORE, ANSWER, FIELDS };

typedef struct {
    const uint8_t *at; /* behind the opening quote */
    int there;
} value_t;

/* The values of a flat object of exactly the shape's fields, all of them texts. -1 for anything else. */
static int find_values(const uint8_t *p, const uint8_t *end, const shape_t *shape, uint8_t *scratch,
                       value_t values[FIELDS]) {
    const char *names[FIELDS] = {shape->question, shape->more, shape->answer};
    p = skip_blank(p, end);
    if (p >= end || *p++ != '{') return -1;
    for (int first = 1;; first = 0) {
        p = skip_blank(p, end);
        if (first && p < end && *p == '}') break;
        if (p >= end || *p++ != '"') return -1;
        int which = 0;
        for (; which < FIELDS; which++) {
            size_t size = names[which] ? strlen(names[which]) : 0;
            if (size && (size_t)(end - p) > size && p[size] == '"' && memcmp(p, names[which], size) == 0) {
                p += size + 1;
                break;
            }
        }
        if (which == FIELDS || values[which].there) return -1;
        p = skip_blank(p, end);
        if (p >= end || *p++ != ':') return -1;
        p = skip_blank(p, end);
        if (p >= end || *p++ != '"') return -1;
        values[which].at = p;
        values[which].there = 1;
        uint8_t *to = scratch;
        p = read_string(p, end, &to);
        if (!p) return -1;
        p = skip_blank(p, end);
        if (p >= end) return -1;
        if (*p == ',') {
            p++;
        } else if (*p == '}') {
            break;
        } else {
            return -1;
        }
    }
    return skip_blank(p + 1, end) == end && values[QUESTION].there && values[ANSWER].there ? 0 : -1;
}

static int64_t count_points(const uint8_t *p, const uint8_t *end) {
    int64_t n = 0;
    for (; p < end; p++) n += (*p & 0xC0) != 0x80;
    return n;
}

void read_records(const texts_t *records, const shape_t *shape, reading_t *out) {
    uint8_t *payload = out->payload, *text = out->text;
    for (int64_t k = 0; k < records->n; k++) {
        const uint8_t *p = records->data + records->start[k], *end = records->data + records->end[k];
        value_t values[FIELDS] = {{0}};
        out->status[k] = 0;
        out->joint[k] = shape->more ? JOINT_ABSENT : JOINT_NONE;
        out->answer_start[k] = text - out->text;
        if (find_values(p, end, shape, text, values) == 0) {
            uint8_t *question = text;
            read_string(values[QUESTION].at, end, &text);
            if (values[MORE].there) {
                uint8_t *joint = text++;
                read_string(values[MORE].at, end, &text);
                out->joint[k] = JOINT_NONE;
                if (text == joint + 1) {
                    text = joint;
                } else {
                    *joint = '\n';
                    out->joint[k] = count_points(question, joint);
                }
            }
            uint8_t *answer = text + 1;
            *text = '\n';
            text = answer;
            read_string(values[ANSWER].at, end, &text);
            payload = put(payload, "{\"messages\":[{\"content\":\"");
            payload = put_string(payload, question, answer - 1);
            payload = put(payload, "\",\"role\":\"user\"},{\"content\":\"");
            payload = put_string(payload, answer, text);
            payload = put(payload, "\",\"role\":\"assistant\"}]}");
            out->answer_start[k] = answer - out->text;
            out->status[k] = 1;
        }
        out->payload_end[k] = payload - out->payload;
        out->text_end[k] = text - out->text;
    }
}

static int starts_with(const uint8_t *p, const uint8_t *end, const char *words) {
    size_t size = strlen(words);
    return (size_t)(end - p) >= size && memcmp(p, words, size) == 0;
}

#define BEFORE "{\"messages\":[{\"content\":\""
#define BETWEEN ",\"role\":\"user\"},{\"content\":\""
#define AFTER ",\"role\":\"assistant\"}]}"

static int read_payload(const uint8_t *p, const uint8_t *end, uint8_t **text, uint8_t **answer) {
    if (!starts_with(p, end, BEFORE)) return 0;
    p = read_string(p + strlen(BEFORE), end, text);
    if (!p || !starts_with(p, end, BETWEEN)) return 0;
    *(*text)++ = '\n';
    *answer = *text;
    p = read_string(p + strlen(BETWEEN), end, text);
    return p && starts_with(p, end, AFTER) && p + strlen(AFTER) == end;
}

void read_payloads(const texts_t *payloads, reading_t *out) {
    uint8_t *text = out->text;
    for (int64_t k = 0; k < payloads->n; k++) {
        uint8_t *start = text, *answer = text;
        const uint8_t *p = payloads->data + payloads->start[k], *end = payloads->data + payloads->end[k];
        out->status[k] = (uint8_t)read_payload(p, end, &text, &answer);
        if (!out->status[k]) text = answer = start;
        out->answer_start[k] = answer - out->text;
        out->text_end[k] = text - out->text;
    }
}
