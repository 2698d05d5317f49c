/* The usual record, read in one go: a flat JSON object of two or three texts becomes payload and text. */
#ifndef ASSAY_RECORDS_H
#define ASSAY_RECORDS_H

#include "text.h"

/* A shape of flat records: the question field, an optional field with more of the question, the answer field. */
typedef struct {
    const char *question, *more, *answer;
} shape_t;

/* `joint` of a record. */
enum { JOINT_NONE = -1, JOINT_ABSENT = -2 };

/* What `read_records` writes. `payload` has room for a byte a record byte and 96 a record (no character is spelled
 * longer than it was), `text` for a byte and 2. status[k]: 1 when record k was read, 0 when it is for the careful reader. payload_end[k], text_end[k]: where
 * what was written for it ends; answer_start[k]: where the answer begins in `text`, one line feed after the
 * question's end. joint[k]: where the question's second field begins, in characters, or one of JOINT_…. */
typedef struct {
    uint8_t *payload, *text, *status;
    int64_t *payload_end, *text_end, *answer_start, *joint;
} reading_t;

void read_records(const texts_t *records, const shape_t *shape, reading_t *out);

/* The texts of stored payloads of one question and one answer, spelled as RFC 8785 has it. Writes `text`, `status`,
 * `text_end` and `answer_start` as read_records does; the rest of `out` is not touched. */
void read_payloads(const texts_t *payloads, reading_t *out);

#endif
